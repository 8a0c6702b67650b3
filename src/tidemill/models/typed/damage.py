"""What reading a damaged file of an expert can end in."""

__all__ = ["DAMAGES"]

DAMAGES = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
