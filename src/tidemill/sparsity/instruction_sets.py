"""The instruction sets that the kernels are written for, without torch and without loading them.

Loading them before torch would leave them without its threads, so a diagnosis asks here.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

__all__ = ["INSTRUCTION_SETS", "usable_sets"]

_AVX2 = frozenset({"avx2", "fma"})
_AVX512 = _AVX2 | {"avx512f", "avx512bw", "avx512dq", "avx512vl"}

INSTRUCTION_SETS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "portable": frozenset(),
        "avx2": _AVX2,
        "avx512": _AVX512,
        "avx512bf16": _AVX512 | {"avx512_bf16"},
    }
)
"""The flags of a processor that each of them needs, the best last; ``native/api.cpp`` agrees."""


def usable_sets(flags: AbstractSet[str]) -> tuple[str, ...]:
    """Return the instruction sets that kernels can use, the best last.

    Args:
        flags: Of the processor, as Linux lists them.
    """
    return tuple(name for name, needed in INSTRUCTION_SETS.items() if needed <= flags)
