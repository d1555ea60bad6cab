"""Replay: a traced `Graph` run again as a program, for other numbers, to the bits of `Value`.

`Program` does it for any graph, `ModelProgram` for the model with any parameters and documents.
"""
