"""A graph for people and other programs: text, pictures, JSON, DOT."""
