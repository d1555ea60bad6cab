"""How large a graph may be that is shown as a page to walk in."""

MOST_NODES = 400_000
"""A page of more would be larger than 20 MB, and a browser would take seconds to open it."""
