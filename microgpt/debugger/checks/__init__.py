"""What looks through a computation for trouble: each check is a function and a row of a table.

Checks read a graph and say what they found. They change nothing, and know no verb and no screen.
"""
