"""Slices in whichever form they are."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from tidemill.source.slices.formats.atom import from_atom, to_atom
from tidemill.source.slices.formats.fields import Fields, document
from tidemill.source.slices.formats.joern import from_joern, to_joern
from tidemill.source.slices.formats.paper import from_paper, to_paper
from tidemill.source.slices.usage import ProgramSlice

__all__ = ["WRITERS", "Form", "form_of", "read_slices"]

Form: TypeAlias = Literal["joern", "paper", "atom"]

WRITERS: Mapping[Form, Callable[[ProgramSlice], dict[str, object]]] = MappingProxyType(
    {"joern": to_joern, "paper": to_paper, "atom": to_atom}
)
READERS: Mapping[Form, Callable[[Fields], ProgramSlice]] = MappingProxyType(
    {"joern": from_joern, "paper": from_paper, "atom": from_atom}
)


def read_slices(data: bytes, *, path: str = "<text>", form: Form | None = None) -> ProgramSlice:
    """Read usage slices.

    Args:
        data: JSON, UTF-8.
        path: The file, as the reader knows it, for errors.
        form: The form; by default it is recognised.

    Returns:
        The slices, with lines and columns where the form has them.

    Raises:
        InputError: It is too large or no JSON, or something in it is missing or of another
            kind; the message has its JSON path.
    """
    fields = document(data, path=path)
    return READERS[form or form_of(fields)](fields)


def form_of(fields: Fields) -> Form:
    """Return the form of a document.

    Raises:
        InputError: It has no slices.
    """
    found = fields.values.get("objectSlices")
    if isinstance(found, dict):
        return "paper"
    if not isinstance(found, list):
        raise fields.wrong("objectSlices", "a list or an object")
    is_atom = any(isinstance(one, dict) and "usages" in one for one in found)
    return "atom" if is_atom else "joern"
