"""``tidemill experts top``."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from tidemill.core.errors import CapacityError, InputError, SettingError
from tidemill.faces.cli.options import AsJson
from tidemill.faces.cli.output import Ink, columns, ink_for, printable, write, write_json

__all__ = ["top"]

DEFAULT_URL = "http://127.0.0.1:8420"
BAR = 28
HOME, CLEAR_BELOW, CLEAR_LINE = "\x1b[H", "\x1b[J", "\x1b[K"
CLEAR = "\x1b[2J"
MEGA = 1_000_000
FULL, EMPTY = "\N{FULL BLOCK}", "\N{LIGHT SHADE}"
ORDER = {"active": 0, "host": 1, "disk": 2}
LONGEST_ANSWER = 16 << 20


def top(
    url: Annotated[str, typer.Option("--url", help="The server.")] = DEFAULT_URL,
    every: Annotated[
        float, typer.Option("--every", min=0.1, max=60, metavar="SECONDS", help="How often.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Show it once and end.")] = False,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File of the server's token.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch a server's experts move between its tiers, live.

    Shows how full each tier of memory is, where every expert is, how long it has been idle, what
    its last load took, and what the workers do. Ctrl-C ends it. Where standard output is no
    terminal it is shown once.

    For example:

        tidemill experts top --every 0.5
    """
    token = token_file.read_text(encoding="ascii").strip() if token_file else None
    if as_json:
        write_json(_asked(url, token))
        return
    ink = ink_for()
    if once or not sys.stdout.isatty():
        for line in _view(_asked(url, token), ink, most=10_000):
            write(line)
        return
    sys.stdout.write(CLEAR)
    while True:
        lines = list(_view(_asked(url, token), ink, most=_rows()))
        shown = "".join(f"{line}{CLEAR_LINE}\n" for line in lines)
        sys.stdout.write(f"{HOME}{shown}{CLEAR_BELOW}")
        sys.stdout.flush()
        time.sleep(every)


def _rows() -> int:
    """Return how many experts the terminal has room for."""
    try:
        return max(3, os.get_terminal_size().lines - 10)
    except OSError:
        return 20


def _asked(url: str, token: str | None) -> dict[str, Any]:
    place = urlsplit(url)
    if place.scheme != "http" or not place.hostname:
        raise SettingError(f"--url: {url!r} is no address", hint=f"Write it as {DEFAULT_URL}.")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    connection = HTTPConnection(place.hostname, place.port or 80, timeout=10)
    try:
        connection.request("GET", "/v1/experts", headers=headers)
        answer = connection.getresponse()
        body = answer.read(LONGEST_ANSWER)
    except (OSError, HTTPException) as error:
        raise CapacityError(
            f"no server answers at {url}: {error}", hint="Start one: tidemill serve"
        ) from error
    finally:
        connection.close()
    if answer.status == 401:
        raise SettingError(f"{url} wants a token", hint="Name its file: --token-file")
    try:
        found = json.loads(body)
        return {name: found[name] for name in ("tiers", "experts", "workers", "waiting")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"what answers at {url} is no tidemill server") from error


def _view(facts: Mapping[str, Any], ink: Ink, *, most: int) -> Iterator[str]:
    """Yield the lines of the view."""
    for tier in facts["tiers"]:
        yield _tier_line(tier, ink)
    states = ", ".join(
        f"{worker['number']} {worker['state']}"
        for worker in facts["workers"]
        if worker["state"] != "spare"
    )
    spares = sum(worker["state"] == "spare" for worker in facts["workers"])
    yield f"workers  {states}; {spares} spare; {facts['waiting']} calls wait"
    yield ""
    experts = sorted(facts["experts"], key=_rank)
    head = ("expert", "tier", "MB", "active MB", "workers", "waiting", "idle", "load", "")
    rows = [head, *(_row(one) for one in experts[:most])]
    lines = columns(rows, right=frozenset({2, 3, 4, 5, 6, 7}))
    yield ink.dim(lines[0])
    for line, one in zip(lines[1:], experts, strict=False):
        yield _painted(line, one, ink)
    if len(experts) > most:
        yield ink.dim(f"and {len(experts) - most} more")


def _tier_line(tier: Mapping[str, Any], ink: Ink) -> str:
    used, budget = tier["used_bytes"], tier["budget_bytes"]
    words = f"{tier['name']:<7} {used / MEGA:>9,.1f} MB"
    if budget is None:
        return f"{words}  {tier['experts']} experts"
    filled = min(BAR, round(BAR * used / budget)) if budget else 0
    bar = ink.good(FULL * filled) + ink.dim(EMPTY * (BAR - filled))
    return f"{words} of {budget / MEGA:,.1f}  {bar}  {tier['experts']} experts"


def _rank(one: Mapping[str, Any]) -> tuple[int, float, str]:
    return ORDER[one["tier"]], one["idle_seconds"] or 0.0, one["name"]


def _row(one: Mapping[str, Any]) -> Sequence[str]:
    idle, load = one["idle_seconds"], one["load_ms"]
    return (
        printable(one["name"]),
        one["tier"],
        f"{(one['host_bytes'] or one['bytes_on_disk']) / MEGA:.1f}",
        f"{one['active_bytes'] / MEGA:.1f}" if one["active_bytes"] else "",
        str(one["workers"] or ""),
        str(one["waiting"] or ""),
        "" if idle is None else f"{idle:.1f} s",
        "" if load is None else f"{load:.1f} ms",
        "pinned" if one["is_pinned"] else printable(one["trouble"]),
    )


def _painted(line: str, one: Mapping[str, Any], ink: Ink) -> str:
    if one["trouble"]:
        return ink.bad(line)
    return {"active": ink.good, "host": ink.place, "disk": ink.dim}[one["tier"]](line)
