"""Packages, files and rows of other people become packed training sets."""
