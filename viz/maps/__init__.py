"""The Map: one training step as columns of positions and rows of blocks. Knows no screen."""
