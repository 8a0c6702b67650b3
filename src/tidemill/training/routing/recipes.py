"""How the routers are learnt that come with Tidemill, or that it makes."""

from tidemill.training.routing.learning import RouterRecipe

__all__ = ["CLONES", "SPROUTS"]

CLONES = RouterRecipe(
    reads="marks", longest=2, least=5, features=1 << 13, vector_size=32, epochs=3, batch=64
)
"""``routing-clones``: code whose language nobody says, told apart by words and marks.

`benches/routing.py` makes it with ``--train``.
"""

SPROUTS = RouterRecipe(vector_size=128, epochs=16, updates=400, dropout=0.5)
"""A router of sprouts, as ``tidemill experts sprout`` makes it: queries told apart by words."""
