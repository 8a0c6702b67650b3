"""Routers are learnt here: categories first, then the map from category to expert."""
