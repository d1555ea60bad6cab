"""Screens, one a file: the three modes and the help."""
