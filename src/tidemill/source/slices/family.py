"""What a language family brings to slicing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tidemill.source.slices.signatures import Signatures
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import UserType
from tidemill.source.slices.vocabulary import Vocabulary
from tidemill.source.slices.walk import Rule, Walk

__all__ = ["Family"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Languages that are sliced by the same rules.

    Attributes:
        words: What they call things.
        rules: What is noted at each kind of node.
        type_names: Full names of the types that a text declares, by their names.
        user_types: Those types, with their fields and methods.
    """

    words: Vocabulary
    rules: Mapping[str, Rule]
    type_names: Callable[[Walk], Mapping[str, str]]
    user_types: Callable[[Walk, Types, Signatures, str], tuple[UserType, ...]]
