"""The engine for the first second: whole vectors in numpy, in `Value`'s order, nothing compiled.

It does what `engines/kernel` does, whose docstring tells the order of the sums, but all positions
at once. A sum over some numbers is an array with these along its first axis, added row by row
(`sums.py`). Attention is computed for all pairs of positions; a source after its reader has an
exponential of 0, so all it adds is a zero, which changes no sum that begins at 0.

Imports numpy and no numba.
"""
