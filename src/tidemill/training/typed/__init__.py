"""Training type inference: a set of types becomes windows and their answers."""
