"""Training sets of files without their types, and of the types that were there."""
