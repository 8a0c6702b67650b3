"""How Python is sliced."""
