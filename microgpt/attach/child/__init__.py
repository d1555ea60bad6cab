"""What runs inside the script's process: hooks, and nothing that the script could trip over.

These modules load only what `typing` loads anyway: a script's own `random.py` must stay its own.
"""
