"""A script's backward passes in a file: recorded while it runs, and gone through without it."""
