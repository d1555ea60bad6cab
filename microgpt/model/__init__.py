"""microgpt itself: the transformer on `Value`s, its parameters, Adam, sampling, its vocabulary.

Knows neither engines nor files: one step at a time, as the article has it.
"""
