"""How N:M sparsity is spelled in a package: ``2:8`` as an encoding, and as an expert's sparsity."""

import re
from collections.abc import Iterable
from typing import Final

from tidemill.core.errors import ExpertError, SettingError
from tidemill.sparsity.pattern import LARGEST_M, NMPattern

__all__ = ["DENSE", "check_sparsity", "is_pattern", "nm_pattern", "sparsity_of"]

DENSE: Final = "dense"
"""The sparsity of an expert that keeps every weight."""

_PATTERN = re.compile(r"[0-9]+:[0-9]+")


def is_pattern(name: str) -> bool:
    """Say whether the name of an encoding is meant as a pattern, known or not."""
    return _PATTERN.fullmatch(name) is not None


def nm_pattern(name: str) -> NMPattern:
    """Read a pattern that is spelled in the one way that packages use.

    Args:
        name: Such as ``2:8``.

    Raises:
        ExpertError: It is no pattern, spelled otherwise, keeps everything, or is larger than
            what this version knows.
    """
    try:
        pattern = NMPattern.parse(name)
    except SettingError as error:
        raise ExpertError(
            f"unknown pattern {name[:100]!r}: {error.message}",
            hint=f"use a newer Tidemill; this one knows 1:2 to {LARGEST_M - 1}:{LARGEST_M}",
        ) from error
    if pattern.is_dense:
        raise ExpertError(f"the pattern {name!r} drops nothing", hint=f"call it {DENSE}")
    if str(pattern) != name:
        raise ExpertError(f"the pattern {name!r} is not spelled {pattern}", hint="pack it again")
    return pattern


def check_sparsity(text: str) -> str:
    """Return what a manifest says of its expert's sparsity, if that can be.

    Raises:
        ExpertError: It is neither ``dense`` nor a pattern that is known.
    """
    if is_pattern(text):
        return str(nm_pattern(text))
    if text != DENSE:
        raise ExpertError(
            f"unknown sparsity {text[:100]!r}",
            hint=f"use a newer Tidemill; this one knows {DENSE}, and N:M patterns such as 2:8",
        )
    return text


def sparsity_of(encodings: Iterable[str]) -> str:
    """Return the sparsity of an expert whose tensors are kept so.

    Args:
        encodings: Of its tensors, in any order.

    Raises:
        ExpertError: There are two patterns; an expert has one at most.
    """
    patterns = sorted({name for name in encodings if is_pattern(name)}) or [DENSE]
    if len(patterns) > 1:
        raise ExpertError(
            f"the patterns {' and '.join(patterns[:2])} in one expert",
            hint="keep all its sparse layers by one pattern, and the others dense",
        )
    return check_sparsity(patterns[0])
