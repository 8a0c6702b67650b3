"""Recipes, objectives and the loop that turns packed corpora into experts."""
