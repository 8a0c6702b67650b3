"""Machines as files: constants, each with where it is from."""
