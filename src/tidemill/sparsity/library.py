"""The native library of N:M sparsity: whether it is there, for which processors, and its calls."""

from collections.abc import Callable
from functools import cache

from tidemill.core.errors import InputError, TidemillError
from tidemill.core.native import function, kernels, load, status

__all__ = ["available", "call", "isa", "isas", "number", "run", "why_not"]

_ISAS = ("portable", "avx2", "avx512", "avx512bf16")
_FUNCTIONS = {
    "isas": ("", "i"),
    "entries": ("qqiii", "q"),
    "product": ("qqiiipqpqppppii", "i"),
    "make": ("qqiiipippii", "i"),
    "expand": ("qqiiipipqppii", "i"),
    "decay": ("qqiiippppii", "i"),
    "mark": ("qqiiipppi", "i"),
    "encoding_room": ("p", "q"),
    "encode": ("ppqpppppii", "i"),
}


def available() -> bool:
    """Return whether there are native kernels in this process."""
    return bool(_functions())


def why_not() -> str:
    """Return why there are none, for people; empty when there are."""
    if available():
        return ""
    found = next((one for one in status() if one.name == "nm"), None)
    return "not declared" if found is None else f"{found.state}: {found.reason}".removesuffix(": ")


def isas() -> tuple[str, ...]:
    """Return the instruction sets that kernels can use here, the best last."""
    return _isas()


def isa() -> str:
    """Return the best instruction set that kernels can use here.

    Raises:
        TidemillError: There are no kernels.
    """
    if not available():
        raise _missing()
    return _isas()[-1]


def number(name: str | None) -> int:
    """Return how the library calls an instruction set.

    Args:
        name: One of `isas`, or None for the best.

    Raises:
        InputError: There is no such one here.
        TidemillError: There are no kernels.
    """
    if name is None:
        return _best()
    if name not in isas():
        raise InputError(f"no kernels for {name!r} here: there are {', '.join(isas()) or 'none'}")
    return _ISAS.index(name)


def call(name: str, *arguments: int) -> int:
    """Return what a function of the library says.

    Args:
        name: Without the library's prefix.
        arguments: Numbers and addresses, which nobody checks any more.

    Raises:
        TidemillError: There are no kernels.
    """
    found = _functions().get(name)
    if found is None:
        raise _missing()
    return found(*arguments)


def run(name: str, *arguments: int) -> None:
    """Let a function of the library do its work.

    Args:
        name: Without the library's prefix.
        arguments: Numbers and addresses, which nobody checks any more.

    Raises:
        MemoryError: A thread has no room to work in.
        TidemillError: There are no kernels.
    """
    if call(name, *arguments):
        raise MemoryError("no memory for the scratch of a thread")


@cache
def _functions() -> dict[str, Callable[..., int]]:
    """Load the library; torch is loaded already, whose threads it uses."""
    kernel = next((kernel for kernel in kernels() if kernel.name == "nm"), None)
    library = None if kernel is None else load(kernel)
    if library is None:
        return {}
    return {
        name: function(library, f"tidemill_nm_{name}", *types) for name, types in _FUNCTIONS.items()
    }


@cache
def _isas() -> tuple[str, ...]:
    bits = call("isas") if available() else 0
    return tuple(name for place, name in enumerate(_ISAS) if bits >> place & 1)


@cache
def _best() -> int:
    return _ISAS.index(isa())


def _missing() -> TidemillError:
    return TidemillError(
        f"there are no native kernels: {why_not()}",
        hint="python -m tidemill.core.native builds them where there is a compiler.",
    )
