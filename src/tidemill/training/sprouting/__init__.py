"""Sprouts: copies of a small expert, each fine-tuned on the functions of one package."""
