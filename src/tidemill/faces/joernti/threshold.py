"""Confidences for consumers that take what is above a threshold of their own."""

from dataclasses import dataclass

from tidemill.core.errors import SettingError

__all__ = ["JOERN_THRESHOLD", "AcceptFrom"]

JOERN_THRESHOLD = 0.8
"""What an answer must be above to be taken by Joern (code, ``SliceBasedTypeInferencePass``)."""

_JUST_ABOVE = 0.81


@dataclass(frozen=True, slots=True)
class AcceptFrom:
    """Moves confidences so that Joern takes those from a value up, and keeps their order.

    Joern's threshold was chosen for a server that calls every answer certain. A calibrated
    confidence says how often such an answer is right, which may never come near that.

    Attributes:
        least: The confidence, between 0 and 1 and neither of them, from which Joern takes answers.

    Raises:
        SettingError: It is out of range.
    """

    least: float

    def __post_init__(self) -> None:
        if not 0.0 < self.least < 1.0:
            raise SettingError(
                f"answers of a confidence from {self.least:g} up cannot be set apart",
                hint="Choose between 0 and 1, and neither of them.",
            )

    def __call__(self, confidence: float) -> float:
        """Return what is sent for a confidence between 0 and 1."""
        if confidence < self.least:
            return JOERN_THRESHOLD * confidence / self.least
        return _JUST_ABOVE + (1.0 - _JUST_ABOVE) * (confidence - self.least) / (1.0 - self.least)
