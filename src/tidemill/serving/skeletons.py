"""Skeletons that are there already: one for all experts of a config and its kinds of weights."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar, cast

from torch import nn

from tidemill.experts.documents import canonical_json
from tidemill.experts.package import ExpertPackage
from tidemill.models.loading import Weights
from tidemill.models.skeleton import Signature, Skeleton, signature_of

__all__ = ["skeleton_for"]

Network = TypeVar("Network", bound=nn.Module)

MOST_KEPT = 64
"""Skeletons hold no weights: a few hundred kilobytes of Python each."""

_FOUND: OrderedDict[tuple[bytes, Signature], Skeleton[nn.Module]] = OrderedDict()
_LOCK = threading.Lock()


def skeleton_for(
    package: ExpertPackage,
    weights: Weights,
    make: Callable[[], Network],
    finish: Callable[[Network], None] = lambda _: None,
) -> Skeleton[Network]:
    """Return the skeleton that an expert's weights go into, made where there is none yet.

    Args:
        package: The expert.
        weights: Its weights.
        make: Makes the network of its config.
        finish: Told once of a new network with its packed layers in place.

    Raises:
        ExpertError: Its weights are not those of its config.
    """
    key = (
        canonical_json([package.manifest.architecture, dict(package.config)]),
        signature_of(weights),
    )
    with _LOCK:
        found = cast("Skeleton[Network] | None", _FOUND.get(key))
        if found is None:
            found = Skeleton(make, weights, finish)
            _FOUND[key] = cast("Skeleton[nn.Module]", found)
        _FOUND.move_to_end(key)
        while len(_FOUND) > MOST_KEPT:
            _FOUND.popitem(last=False)
    return found
