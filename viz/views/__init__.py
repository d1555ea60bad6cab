"""Views: what a step holds beside its Map, a picture a question. `table.py` is the list of them.

A view is a frozen model of numbers, computed from a `ViewSubject`, and functions that say it as
SVG, as JSON and in lines. It decides nothing about gradients, and starts no program.
"""
