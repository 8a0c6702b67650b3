"""Asking a routing expert: numpy alone."""

from collections.abc import Sequence

from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.models.routing import TextRouter, Verdict, router_config
from tidemill.models.shapes import tensor_shapes
from tidemill.serving.decision import Decision
from tidemill.serving.embedder import CodeText
from tidemill.serving.lexicons import ngram_space

__all__ = ["RouterExpert", "packed_router"]


def packed_router(package: ExpertPackage) -> TextRouter:
    """Return the router in a package; its table is only looked at, where it is.

    Args:
        package: Of architecture ``router``.

    Raises:
        ExpertError: Its config, features and tensors do not fit.
    """
    config = router_config(package.config)
    space = ngram_space(package)
    parts = package.tensors
    shapes = {name: tuple(part.shape) for name, part in parts.items()}
    if shapes != tensor_shapes(package.config) or len(space) != config.features:
        raise ExpertError(f"{package.folder}: config.json, features and tensors do not fit")
    return TextRouter(
        config=config,
        space=space,
        table=parts["table.weight"].table,
        weight=parts["head.weight"].to_float32(),
        bias=parts["head.bias"].to_float32(),
    )


class RouterExpert:
    """A routing expert, loaded.

    Args:
        package: Its package.

    Raises:
        ExpertError: Its config, features and tensors do not fit.
    """

    def __init__(self, package: ExpertPackage) -> None:
        self._router = packed_router(package)
        own = (package.tensors[name] for name in ("head.weight", "head.bias"))
        self._held = sum(4 * part.size for part in own if not part.is_plain)

    @property
    def bytes_held(self) -> int:
        """Bytes of memory that are this expert's own."""
        return self._held

    def close(self) -> None:
        """Do nothing: the table is only looked at, where it is."""

    def route(self, texts: Sequence[str | CodeText]) -> list[Decision]:
        """Say who should answer each text."""
        words = [
            text.text.decode("utf-8", "replace") if isinstance(text, CodeText) else text
            for text in texts
        ]
        return [self._decision(verdict) for verdict in self._router.verdicts(words)]

    def _decision(self, verdict: Verdict) -> Decision:
        seems = f"it seems to be {verdict.category}"
        return Decision(
            expert=verdict.expert,
            reason=f"router: {seems}" if verdict.is_sure else f"router: not sure that {seems}",
            runner_up=verdict.runner_up,
            confidence=round(verdict.confidence, 4),
            default=self._router.config.default,
        )
