"""The forms in which usage slices are handed on: Joern's list, the paper's map, atom's usages."""
