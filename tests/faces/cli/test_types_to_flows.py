"""From code without types, by the expert that comes along, to flows that were hidden."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]

HANDLERS = """\
import type { Pool } from 'pg';
import type { Request, Response } from 'express';

export async function find(pool, request, response) {
  const rows = await pool.query('select * from ships where name = ' + request.query.name);
  response.json(rows);
}
"""


@pytest.mark.claim("tidal.write-back.flows")
def test_inferred_types_make_a_flow_seen(tidemill: Run, tree: Path) -> None:
    (tree / "handlers.ts").write_text(HANDLERS)
    flows = ("dataflow", "handlers.ts", "--from", "http", "--to", "sql", "--json")
    code, out, _ = tidemill(*flows)
    assert (code, json.loads(out)["flows"]) == (0, [])
    code, out, _ = tidemill("types", "handlers.ts", "--no-check", "--json")
    assert code == 1
    (tree / "types.json").write_text(out)
    code, out, _ = tidemill(*flows, "--types", "types.json")
    facts = json.loads(out)
    (flow,) = facts["flows"]
    assert code == 1
    assert (flow["source"], flow["sink"]) == ("Request.query", "Pool:query(0)")
    named = {one["types"]: one["named"] for one in facts["resolution"]}
    assert named["inferred"] > named["declared"]
