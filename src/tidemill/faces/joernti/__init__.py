"""The face for Joern: types for its program slices, over the protocol of JoernTI."""
