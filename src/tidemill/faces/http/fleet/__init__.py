"""Serving over several nodes: an ordinary server on each, and a gateway before them."""
