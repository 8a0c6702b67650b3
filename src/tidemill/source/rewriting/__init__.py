"""Rewriting code so that it says the same otherwise: examples of clones that are certain."""
