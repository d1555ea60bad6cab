"""Faster ways to the floats of `Value`, each in a module that is imported when it is needed."""
