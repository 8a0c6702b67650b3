"""Packed experts on disk: manifest, tensors, registry, verification."""
