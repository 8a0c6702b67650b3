"""``tidemill joernti``: this face's own verb, which the command line names by a string."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from tidemill.core.errors import InputError
from tidemill.core.files import write_atomically
from tidemill.core.settings import resolve
from tidemill.faces.joernti.answers import Alternative, InferredType, written
from tidemill.faces.joernti.binding import DEFAULT_PORT, Address, Binding
from tidemill.faces.joernti.limits import Limits
from tidemill.faces.joernti.server import serve
from tidemill.faces.joernti.threshold import AcceptFrom
from tidemill.source.slices.formats.reading import read_slices
from tidemill.tasks.types.experts import type_source
from tidemill.tasks.types.sliced import ObjectType, object_types
from tidemill.tasks.types.source import TypeSource

__all__ = ["SlicesInferred", "joernti"]

Slice = Annotated[
    Path | None,
    typer.Option(
        "--input-slice", metavar="FILE", help="Answer for a file of slices, and end; -: stdin."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Where the answer goes; else stdout."),
]
Host = Annotated[str, typer.Option("--host", help="Address of loopback to listen at.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0: any free one.")]
AsRoot = Annotated[bool, typer.Option("--as-root", help="Serve even as root.")]
Least = Annotated[
    float,
    typer.Option("--min-confidence", min=0.0, max=1.0, help="Leave out what is less sure."),
]
Accept = Annotated[
    float | None,
    typer.Option("--accept-from", help="Move confidences: Joern takes these up, its rule is >.8."),
]


class SlicesInferred:
    """Infers the types of program slices, in any of their forms.

    Args:
        source: Who guesses.
        least: Confidence below which nothing is said.
        sent: Makes the confidence that is sent of the one that was inferred.
        path: Where the slices come from, as errors name it.
    """

    def __init__(
        self,
        source: TypeSource,
        *,
        least: float = 0.0,
        sent: Callable[[float], float] = float,
        path: str = "request",
    ) -> None:
        self._source = source
        self._least = least
        self._sent = sent
        self._path = path

    def infer(self, program_slice: str) -> Iterator[InferredType]:
        """Return types for objects of a program slice; see `SliceInference`."""
        program = read_slices(program_slice.encode("utf-8", "replace"), path=self._path)
        for found in object_types(program, self._source):
            if found.types[0][1] >= self._least:
                yield _answer(found, self._sent)


def joernti(  # noqa: PLR0913  a verb's parameters are its flags
    *,
    input_slice: Slice = None,
    output: Output = None,
    host: Host = "127.0.0.1",
    port: Port = DEFAULT_PORT,
    as_root: AsRoot = False,
    min_confidence: Least = 0.0,
    accept_from: Accept = None,
) -> None:
    """Answer usage slices with types: over Joern's protocol, or for a file.

    The server speaks the protocol of JoernTI: one JSON document of slices a
    connection, ended by two carriage returns, answered by a JSON array. The slices
    of today's Joern, those of the paper and those of atom are read. A confidence is
    how often such an answer is right; Joern takes what is above .8, and few answers
    are that sure: --accept-from .4 has it take what is right at least four times in ten.

    For example:

        tidemill joernti --port 1337

        tidemill joernti --input-slice slices.json
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    path = "request" if input_slice is None else str(input_slice)
    sent = float if accept_from is None else AcceptFrom(accept_from)
    source = type_source(resolve().settings)
    inference = SlicesInferred(source, least=min_confidence, sent=sent, path=path)
    if input_slice is not None:
        answer = written(inference.infer(_read(input_slice))) + b"\n"
        if output is None:
            sys.stdout.write(answer.decode())
        else:
            write_atomically(output, answer)
        return
    binding = Binding(host=host, port=port, allow_root=as_root)
    serve(inference, binding, limits=Limits(), on_bound=_tell)


def _read(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(f"the slices cannot be read: {reason}", path=str(path)) from error


def _tell(address: Address) -> None:
    sys.stderr.write(f"answering at {address.host}:{address.port}; stop with Ctrl-C\n")


def _answer(found: ObjectType, sent: Callable[[float], float]) -> InferredType:
    (best, confidence), *others = found.types
    return InferredType(
        target_identifier=found.target,
        type=best,
        confidence=sent(confidence),
        scope=found.scope,
        alternatives=tuple(Alternative(type=name, confidence=sent(own)) for name, own in others),
        at=found.at,
    )
