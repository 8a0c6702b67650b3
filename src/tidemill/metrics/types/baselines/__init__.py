"""What types can be guessed by plain means: the least that a model must beat."""
