"""What experts on types are asked, and what they answer; loading no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidemill.models.typed.scope import Arity

__all__ = ["TypeAnswer", "TypeQuestion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeQuestion:
    """A file whose types are wanted.

    Attributes:
        text: UTF-8, without the annotations that are wanted.
        language: Name of its language.
        sites: Numbers of the sites that are asked about.
        more: Types of other files that can be imported, with their type arguments.
        uses: How sites are used, by their numbers; None where nobody has looked.
    """

    text: bytes
    language: str
    sites: tuple[int, ...]
    more: Mapping[str, Arity] = field(default_factory=dict)
    uses: Mapping[int, Sequence[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAnswer:
    """Types for one site, the most probable first.

    Attributes:
        site: Its number.
        types: Their texts.
        confidences: The chance that the first is right, as calibrated on held-out packages; of
            the others what the same curve says of their scores, which is more than their share
            where the first is likely.
    """

    site: int
    types: tuple[str, ...]
    confidences: tuple[float, ...]
