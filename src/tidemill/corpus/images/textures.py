"""Textures made from a seed: a set of images that any machine can make, the same to the bit.

Ten kinds of patterns, each with a phase, a scale, colours and noise of its own. Everything is
whole numbers but for square roots, which every machine rounds alike.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from tidemill.core.errors import InputError
from tidemill.core.randomness import stream
from tidemill.corpus.images.labelled import LabelledImages

__all__ = ["TEXTURES", "textures"]

TURN = 1_024
"""Steps of a full wave."""

FULL = 127
FINEST, COARSEST = 4, 12
"""Pixels of a wave."""

LEAN = 24
"""How far a stripe may be from its direction, in steps of a wave a pixel."""

WAVE = np.array([round(FULL * math.sin(2 * math.pi * x / TURN)) for x in range(TURN)], np.int64)
MOST_NOISE = 90
WEAKEST = 30
BLURS = 3

Pattern = Int[np.ndarray, "rows columns"]
"""From -127 to 127."""


def textures(count: int, *, side: int, seed: int) -> LabelledImages:
    """Make images of ten kinds, in turn.

    Args:
        count: Of all of them; at least one of each kind.
        side: Rows and columns of an image, in pixels.
        seed: The same one gives the same images.

    Raises:
        InputError: Too few or too small.
    """
    if count < len(TEXTURES) or side < COARSEST:
        raise InputError(
            f"{count:,} textures of {side} pixels",
            hint=f"Make {len(TEXTURES)} or more, of {COARSEST} pixels or more.",
        )
    generator = np.random.default_rng(stream(seed, "textures").getrandbits(62))
    labels = np.arange(count, dtype=np.int64) % len(TEXTURES)
    makers = list(TEXTURES.values())
    rows, columns = np.mgrid[:side, :side].astype(np.int64)
    made = [_lit(makers[label](rows, columns, generator), generator) for label in labels]
    return LabelledImages(
        images=np.stack(made),
        labels=labels,
        names=[f"{number:06d}" for number in range(count)],
        classes=tuple(TEXTURES),
    )


def _lit(pattern: Pattern, chance: np.random.Generator) -> NDArray[np.uint8]:
    """Give a pattern two colours, a contrast and noise."""
    ground = chance.integers(64, 192, 3)
    colour = chance.integers(WEAKEST, FULL, 3) * chance.choice((-1, 1), 3)
    noise = int(chance.integers(MOST_NOISE // 3, MOST_NOISE))
    grain = chance.integers(-noise, noise + 1, (*pattern.shape, 3))
    pixels = ground + pattern[..., None] * colour // FULL + grain
    lit: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return lit


def _waves(steps: Pattern) -> Pattern:
    heights: Pattern = WAVE[steps % TURN]
    return heights


def _speed(chance: np.random.Generator) -> int:
    """Return how fast a wave goes, in steps a pixel."""
    return TURN // int(chance.integers(FINEST, COARSEST + 1))


def _phase(chance: np.random.Generator) -> int:
    return int(chance.integers(TURN))


def _lean(chance: np.random.Generator) -> int:
    return int(chance.integers(-LEAN, LEAN + 1))


def _horizontal(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    return _waves(rows * _speed(chance) + columns * _lean(chance) + _phase(chance))


def _vertical(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    return _waves(columns * _speed(chance) + rows * _lean(chance) + _phase(chance))


def _diagonal(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    """Return stripes that rise or fall; no mirror makes them another kind."""
    # By the diagonal, a wave is as long as along a side.
    speed = _speed(chance) * 724 // TURN
    side = int(chance.choice((-1, 1)))
    return _waves(rows * speed + columns * (side * speed + _lean(chance)) + _phase(chance))


def _checks(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    speed = _speed(chance)
    across = _waves(columns * speed + _phase(chance)) >= 0
    down = _waves(rows * speed + _phase(chance)) >= 0
    return np.where(across == down, FULL, -FULL)


def _dots(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    speed = _speed(chance)
    heights = _waves(columns * speed + _phase(chance)) + _waves(rows * speed + _phase(chance))
    return np.where(heights > FULL, FULL, -FULL)


def _around(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> tuple[Pattern, ...]:
    """Return how far each pixel is from a middle, by rows and by columns."""
    middle = chance.integers(0, len(rows), 2)
    return np.abs(rows - middle[0]), np.abs(columns - middle[1])


def _rings(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    down, across = _around(rows, columns, chance)
    # In 16ths of a pixel, so that rings are round.
    far = np.sqrt((256 * (down**2 + across**2)).astype(np.float64)).astype(np.int64)
    return _waves(far * _speed(chance) // 16 + _phase(chance))


def _squares(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    down, across = _around(rows, columns, chance)
    return _waves(np.maximum(down, across) * _speed(chance) + _phase(chance))


def _diamonds(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    down, across = _around(rows, columns, chance)
    return _waves((down + across) * _speed(chance) * 724 // TURN + _phase(chance))


def _blobs(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    """Return noise that neighbours have smoothed."""
    del columns
    heights = chance.integers(-FULL, FULL + 1, rows.shape) * 64
    for _ in range(BLURS):
        for axis in (0, 1):
            around = np.roll(heights, 1, axis) + np.roll(heights, -1, axis)
            heights = (heights + around) // 3
    largest = max(int(np.abs(heights).max()), 1)
    return heights * FULL // largest


def _grain(rows: Pattern, columns: Pattern, chance: np.random.Generator) -> Pattern:
    del columns
    return chance.integers(-FULL, FULL + 1, rows.shape)


Maker = Callable[[Pattern, Pattern, np.random.Generator], Pattern]
TEXTURES: Mapping[str, Maker] = {
    "horizontal": _horizontal,
    "vertical": _vertical,
    "diagonal": _diagonal,
    "checks": _checks,
    "dots": _dots,
    "rings": _rings,
    "squares": _squares,
    "diamonds": _diamonds,
    "blobs": _blobs,
    "grain": _grain,
}
"""Each kind's maker; they take the number of row and column of each pixel."""
