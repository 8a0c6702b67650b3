"""What keeps a user's own things out of a measurement."""

from pathlib import Path

__all__ = ["NOBODYS"]

NOBODYS = Path(__file__).parents[1] / "build" / "bench" / "no-experts"
"""A folder of experts without any: none stands before those that come with Tidemill."""
