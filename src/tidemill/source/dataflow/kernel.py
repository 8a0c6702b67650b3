"""The optional native part of data flow: its library, and how it is called."""

from array import array
from functools import cache
from typing import TYPE_CHECKING, Any

from tidemill.core.native import function, kernels, load

if TYPE_CHECKING:
    import tree_sitter

__all__ = ["columns_of", "library"]

_COLUMNS = 5


@cache
def library() -> Any:
    """Return ``tidemill_flatten`` of the native library, or ``None`` without one."""
    kernel = next((kernel for kernel in kernels() if kernel.name == "flatten"), None)
    loaded = None if kernel is None else load(kernel)
    return None if loaded is None else function(loaded, "tidemill_flatten", "pQpipi", "i")


def columns_of(
    root: "tree_sitter.Node", keep: "array[int]", error: int
) -> tuple[list[int], list[int], list[int], list[int], list[int]] | None:
    """Flatten a subtree natively.

    Returns:
        The columns of :class:`.flatten.FlatTree`, or ``None`` if the binding lays its
        nodes out in another way than the kernel knows.
    """
    capacity = root.descendant_count
    columns = array("i", bytes(4 * _COLUMNS * capacity))
    kept, _ = keep.buffer_info()
    target, _ = columns.buffer_info()
    count = library()(id(root), root.id, kept, error, target, capacity)
    if count < 0:
        return None
    first, second, third, fourth, fifth = (
        columns[place * capacity : place * capacity + count].tolist() for place in range(_COLUMNS)
    )
    return first, second, third, fourth, fifth
