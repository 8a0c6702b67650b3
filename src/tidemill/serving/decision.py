"""What a routing expert says: who should answer."""

from dataclasses import dataclass

__all__ = ["Decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who should answer a text, and how sure that is.

    Attributes:
        expert: Its name.
        reason: In words.
        runner_up: Who would be next; empty where there is nobody.
        confidence: From 0 to 1.
        default: Who answers what nobody is sure about.
    """

    expert: str
    reason: str
    runner_up: str
    confidence: float
    default: str
