"""Usage slices: what defines an object, the calls on it and the calls it is passed to.

The definition is that of the usage slices of Joern (its `UsageSlicing`), on which
CodeTIDAL5 (arXiv 2310.00673) rests; where ours differs on purpose, `docs/how/slices.md`
says how. A text is flattened once, walked once for scopes, calls and assignments
(`walk`, with the rules of one language family), the names are resolved in one pass
over what the walk noted (`scopes`), and the slices are put together (`assembly`).
"""
