"""What types are asked for, and how sure they have to be."""

from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import SettingError
from tidemill.source.annotations.site import KINDS, SiteKind

__all__ = ["TypeRules"]

MOST_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRules:
    """What types are asked for, and how sure they have to be.

    Attributes:
        kinds: The kinds of sites.
        min_confidence: The least confidence of a type that is offered.
        check: Whether types are checked by a compiler; None: where there is one.
        tsconfig: The project's options; else those of the nearest ``tsconfig.json``.
        seconds: How long checking may take.
        baseline: An earlier report, JSON: what it has is not reported again.
    """

    kinds: frozenset[SiteKind] = frozenset(KINDS)
    min_confidence: float = 0.0
    check: bool | None = None
    tsconfig: Path | None = None
    seconds: float = 300.0
    baseline: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            SettingError: A number is out of range, or no kind is asked for.
        """
        if not 0 <= self.min_confidence <= 1:
            raise SettingError(
                f"a confidence of {self.min_confidence:g} is out of range",
                hint="give one between 0 and 1",
            )
        if not self.kinds or self.kinds - set(KINDS):
            wrong = ", ".join(sorted(self.kinds - set(KINDS))) or "none"
            raise SettingError(f"no kind of place: {wrong}", hint=f"kinds: {', '.join(KINDS)}")
        if not 0 < self.seconds <= MOST_SECONDS:
            raise SettingError(
                f"{self.seconds:g} seconds are out of range",
                hint=f"give more than 0, and no more than {MOST_SECONDS:g}",
            )
