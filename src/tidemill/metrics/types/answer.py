"""One prediction beside what is right."""

from dataclasses import dataclass

from tidemill.core.errors import InputError

__all__ = ["TypeAnswer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAnswer:
    """What was predicted for one place.

    Attributes:
        gold: The type that its author wrote.
        predicted: The type that was predicted, or None for none.
        package: The package of the place; packages are what intervals resample.
        kind: What is typed: ``parameter``, ``return``, ``variable``, ``field``.
        confidence: How sure the prediction is, between 0 and 1.
        user_defined: Whether the gold type's head is declared in the package itself.

    Raises:
        InputError: The confidence is out of range.
    """

    gold: str
    predicted: str | None
    package: str
    kind: str
    confidence: float = 1.0
    user_defined: bool = False

    def __post_init__(self) -> None:
        # Written so that NaN, which is in no order, is out of range too.
        if not 0.0 <= self.confidence <= 1.0:
            raise InputError(
                f"a confidence of {self.confidence:g} is out of range",
                hint="Give the chance of being right, between 0 and 1.",
            )
