"""Experts are loaded and asked here, and nowhere else."""
