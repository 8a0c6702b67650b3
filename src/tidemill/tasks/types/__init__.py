"""Types for code without: asked of the compiler, then of an expert, checked, and written."""
