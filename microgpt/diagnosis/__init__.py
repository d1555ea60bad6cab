"""Diagnosis: what is wrong with a program's gradients and updates, its kind and its line."""
