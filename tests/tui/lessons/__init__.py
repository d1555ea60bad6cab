"""Tests of the lessons, which need no screen."""
