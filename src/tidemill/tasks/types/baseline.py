"""An earlier report: what it offers is not news."""

import json
from pathlib import Path

from tidemill.core.errors import InputError
from tidemill.tasks.types.report import OFFERED

__all__ = ["known_fingerprints"]

MOST_BYTES = 256 << 20


def known_fingerprints(path: Path) -> frozenset[str]:
    """Return the fingerprints of what a report in JSON offers.

    Args:
        path: The report.

    Raises:
        InputError: It cannot be read, or is no report.
    """
    hint = "make one: tidemill types PATH --json > FILE"
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(MOST_BYTES))
        return frozenset(
            str(site["fingerprint"]) for site in document["sites"] if site["state"] in OFFERED
        )
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise InputError(reason, path=str(path), hint=hint) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError("is no report of types in JSON", path=str(path), hint=hint) from error
