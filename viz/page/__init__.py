"""A step as one HTML file that a browser opens from disk: the Map, its scalars, its backward pass.

Every number in the page is written here; its programs, in `assets`, look numbers up, draw and move.
"""
