"""Replay: a traced `Graph` run again as a program, for other numbers, to the bits of `Value`.

`GraphProgram` does it for any graph, `ModelProgram` for the model, any parameters and document.
"""
