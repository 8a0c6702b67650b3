"""Randomness, passed in: one seed, and a stream of its own for every purpose."""

import hashlib
import json
import random


def stream(seed: int, *names: str) -> random.Random:
    """Open the random stream of one purpose.

    Streams of different names are independent, so that drawing one number more
    in one place changes nothing in another.

    Args:
        seed: The run's seed, any integer.
        names: What the stream is for, from general to special.

    Returns:
        A generator of its own: the same for the same arguments, on every machine.
    """
    purpose = json.dumps([seed, *names]).encode()
    digest = hashlib.blake2b(purpose, digest_size=32).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - for sampling, not for secrets
