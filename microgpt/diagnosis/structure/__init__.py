"""What a graph computes, in a model's words: sums, softmaxes, what is read and what is scored.

Found in numbers, slopes and edges, so that ops may have any names. Nothing here says what is wrong.
"""
