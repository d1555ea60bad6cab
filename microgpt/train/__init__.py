"""Training: the loop, the engines that do its steps, and models taken out of it at a moment.

Writes no run files and knows no debugger.
"""
