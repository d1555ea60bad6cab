"""Widgets, one a file. They show what they are given and post what was asked for."""
