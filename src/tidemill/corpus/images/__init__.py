"""Sets of images: read or made, cut into parts, packed."""
