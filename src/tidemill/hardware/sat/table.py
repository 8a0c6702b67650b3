"""A step as a table: a row for each part, for programs and spreadsheets."""

import csv
import io
from collections.abc import Iterator

from tidemill.hardware.sat.part import StepPart
from tidemill.hardware.sat.step import StepTime

__all__ = ["COLUMNS", "csv_text", "rows"]

TERMS = ("choice", "additions", "fill", "drain", "loads", "waiting", "cutting", "memory")
COLUMNS = (
    "layer",
    "phase",
    "unit",
    "what",
    "rows",
    "contraction",
    "columns",
    "count",
    "kept",
    "dataflow",
    "utilisation",
    "macs",
    "dense_macs",
    "ideal_cycles",
    *TERMS,
    "array_cycles",
    "cycles",
    "dram_bytes",
    "joules",
)


def rows(step: StepTime) -> Iterator[dict[str, object]]:
    """Yield the parts of a step, each with the same columns; empty where one has no meaning."""
    for part in step.parts:
        yield dict.fromkeys(COLUMNS, "") | _row(part)


def csv_text(step: StepTime) -> str:
    """Return the parts as CSV, with a line of names."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(step))
    return out.getvalue()


def _row(part: StepPart) -> dict[str, object]:
    row: dict[str, object] = {
        "layer": part.layer,
        "phase": part.phase,
        "unit": part.unit,
        "what": part.what,
        "cycles": part.cycles,
        "dram_bytes": part.dram_bytes,
        "joules": float(f"{part.joules:.6g}"),
    }
    found = part.scheduled
    if found is None:
        return row
    job = found.job
    return row | {
        "rows": job.shape.rows,
        "contraction": job.contraction,
        "columns": job.shape.columns,
        "count": job.shape.count,
        "kept": "dense" if job.pattern.is_dense else str(job.pattern),
        "dataflow": str(found.mapping),
        "utilisation": round(found.utilisation, 4),
        "macs": part.macs,
        "dense_macs": part.dense_macs,
        "ideal_cycles": part.ideal,
        "array_cycles": found.time.compute,
        **{term: part.terms.get(term, 0) for term in TERMS},
    }
