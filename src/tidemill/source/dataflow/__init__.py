"""Data flow: where the value of each variable occurrence comes from."""
