"""Documents: corpora, fetching one, and their characters as tokens. Knows no model."""
