"""Tokenizers, inputs and networks, and the shapes of their layers."""
