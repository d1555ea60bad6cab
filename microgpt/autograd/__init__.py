"""`Value`, a scalar that remembers how it was made, and what can be known of where it was made.

Pure Python, standard library only. Draws nothing, prints nothing and knows no model.
"""
