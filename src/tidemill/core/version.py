"""Which Tidemill this is, for what is written down."""

import importlib

__all__ = ["created_by"]


def created_by() -> str:
    """Return name and version, such as ``tidemill 0.1.0``.

    The version stands in the package's root, which knows every layer; it is asked at run
    time, so that no layer below has to know the root.
    """
    root = importlib.import_module("tidemill")
    return f"tidemill {root.__version__}"
