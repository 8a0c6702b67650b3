"""What the processor says it can do."""

from pathlib import Path

__all__ = ["processor_flags"]

CPUINFO = Path("/proc/cpuinfo")


def processor_flags(path: Path = CPUINFO) -> frozenset[str]:
    """Return the instruction-set flags that Linux lists; none elsewhere.

    Args:
        path: Where Linux lists them.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    found = (line for line in lines if line.lower().startswith(("flags", "features")))
    return frozenset(next(found, "").partition(":")[2].split())
