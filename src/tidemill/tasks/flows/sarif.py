"""Flows as SARIF: one result a flow, its steps as one thread of a code flow."""

from tidemill.core.hashing import content_hash
from tidemill.source.program.catalogue import TITLES
from tidemill.tasks.flows.telling import Telling, ToldFlow, ToldStep
from tidemill.tasks.sarif import Notice, Place, Result, Rule, escaped, sarif_log

__all__ = ["flows_as_sarif"]

OWN_TEXT = "Data from a source come to a sink."


def flows_as_sarif(telling: Telling, *, version: str) -> dict[str, object]:
    """Return flows as a SARIF log, ready for JSON.

    Args:
        telling: The flows.
        version: Of Tidemill.
    """
    own = sorted({flow.kind for flow in telling.flows} - set(TITLES))
    texts = dict(TITLES) | dict.fromkeys(own, OWN_TEXT)
    problems = telling.report.problems
    return sarif_log(
        [_result(flow) for flow in telling.flows],
        rules=[Rule(id=kind, text=text, level="error") for kind, text in texts.items()],
        version=version,
        notices=[Notice(path=telling.path(one.path), text=one.message) for one in problems],
    )


def _result(flow: ToldFlow) -> Result:
    first = flow.steps[0]
    return Result(
        rule=flow.kind,
        message=(
            f"{TITLES.get(flow.kind, OWN_TEXT)} It comes from"
            f" [{escaped(first.text)}](1) as {escaped(flow.source)}."
        ),
        place=_place(flow.call, ""),
        related=[_place(first, "source")],
        steps=[*(_place(step, step.why) for step in flow.steps), _place(flow.call, "sink")],
        fingerprints={"tidemillFlow/v1": content_hash(_named(flow))},
        properties={"source": flow.source, "origin": flow.origin, "sink": flow.sink},
    )


def _named(flow: ToldFlow) -> bytes:
    """Return what stays when lines move: patterns, and files and texts of both ends."""
    ends = (flow.steps[0], flow.call)
    words = [flow.kind, flow.source, flow.sink, *(w for end in ends for w in (end.path, end.text))]
    return "\0".join(words).encode("utf-8", "surrogateescape")


def _place(step: ToldStep, message: str) -> Place:
    return Place(
        path=step.path,
        line=step.line,
        end_line=step.end_line,
        message=escaped(message),
        columns=(step.column, step.end_column),
    )
