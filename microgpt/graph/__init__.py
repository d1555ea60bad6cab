"""`Graph`: a whole computation as frozen arrays, with its scopes and the events of its passes.

Everything that looks at a computation reads one. Runs nothing, and knows neither model nor screen.
"""
