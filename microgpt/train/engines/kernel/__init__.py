"""The engine for training: the model and Adam as compiled loops over vectors, in `Value`'s order.

Every number comes out as on `Value`, to the bit, because every sum is done in the same order, one
addition after the other; only independent sums are done side by side. A backward pass adds in this
order:

- to a parameter's gradient: positions last to first;
- to an input of a matrix: rows last to first, but in `lm_head` the target's row after all others;
- to the input of attention: heads last to first, and in a head the rows of v, then of k, then of q;
  at the first position, whose only score leads to both, rows of k and q in turns.

A layer's matrices have gradients of their own, and the keys and values of a position get theirs
from later positions of the same layer. So all positions can leave a layer before any enters the
one below: each matrix is applied to all of them while it is in the processor's cache.

Imports numba, so it is imported late.
"""
