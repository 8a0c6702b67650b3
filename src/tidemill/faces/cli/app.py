"""The command line: ``tidemill VERB``, one verb a capability.

The table below names the function behind each verb as a string. Only the verb
that is asked for is imported, so that ``tidemill --help`` stays light; every
verb is a thin face over one public function of the library.
"""

import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from tidemill import __version__
from tidemill.core.errors import (
    CapacityError,
    InputError,
    MissingExtraError,
    SettingError,
    TidemillError,
)
from tidemill.faces.cli.output import (
    give_up_writing,
    printable,
    report_error,
    write_error,
    write_json,
)

__all__ = ["GROUPS", "VERBS", "Verb", "application", "main", "run"]

SUMMARY = "Read code, trace its data flow, index it and search it. All on this machine."
INTERRUPTED = 130
STOPPED = "interrupted; the same command resumes"
USAGE = 2
BUG = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One row of the verb table.

    Args:
        words: What is typed after ``tidemill``.
        function: Where its function lives, as ``module:name``.
        summary: What it does, in the line that ``--help`` shows.
        extra: What must be installed for it besides; empty for nothing.
    """

    words: tuple[str, ...]
    function: str
    summary: str
    extra: str = ""

    def load(self) -> Callable[..., object]:
        """Import the verb's function.

        Raises:
            MissingExtraError: What it needs is not installed.
        """
        module, _, name = self.function.partition(":")
        try:
            loaded: Callable[..., object] = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if not self.extra:
                raise
            raise MissingExtraError(f"tidemill {' '.join(self.words)}", extra=self.extra) from error
        return loaded


def _verb(words: str, summary: str, *, function: str | None = None) -> Verb:
    """Return a row; ``function`` is for words that Python keeps for itself."""
    names = tuple(words.split())
    home = f"tidemill.faces.cli.{'_'.join(names)}"
    return Verb(words=names, function=f"{home}:{function or names[-1]}", summary=summary)


VERBS: tuple[Verb, ...] = (
    _verb("demo", "Show the main job on real code, live, in a few minutes."),
    _verb("index", "Read code into the store, incrementally."),
    _verb("search", "Find functions by what they do or what they are called."),
    _verb("clones", "Find functions that are copies of each other."),
    _verb("dataflow", "Show where the values in a function come from."),
    _verb("types", "Find types for JavaScript and TypeScript that have none, and check them."),
    _verb("slices", "Show how the variables in code are used: what makes them, what calls them."),
    _verb("status", "Say what is in the store and how fresh it is."),
    _verb("doctor", "Check this machine and this store, and say what to mend."),
    _verb("config show", "Print every setting, its value and where it was set."),
    _verb("eval search", "Measure search on documented functions of named packages."),
    _verb("experts list", "List the experts that are at hand.", function="list_experts"),
    _verb("experts verify", "Check experts down to the last byte."),
    _verb(
        "experts import",
        "Take in an expert, or an encoder from Hugging Face's layout.",
        function="import_expert",
    ),
    _verb("experts export", "Write an expert so that Hugging Face's programs load it."),
    _verb("experts pack", "Pack an expert into one file."),
    _verb("experts remove", "Remove one of your experts."),
    _verb("experts sprout", "Grow many small experts, each fine-tuned on one package."),
    _verb("experts top", "Watch a server's experts move between its tiers, live."),
    _verb("data build", "Build a packed training set from a recipe."),
    _verb("data inspect", "Look into a packed training set."),
    _verb("train", "Train an expert from a recipe and a packed training set."),
    _verb("runs list", "List training runs and how far they are.", function="list_all"),
    _verb("runs compare", "Put training runs side by side."),
    _verb("runs resume", "Go on with a training run that was stopped."),
    _verb("runs remove", "Remove training runs with everything in their folders."),
    Verb(
        words=("serve",),
        function="tidemill.faces.http.command:serve",
        summary="Serve the experts over HTTP, from three tiers of memory.",
        extra="serve",
    ),
    Verb(
        words=("joernti",),
        function="tidemill.faces.joernti.command:joernti",
        summary="Answer usage slices with types: over Joern's protocol, or for a file.",
        extra="experts",
    ),
    Verb(
        words=("lsp",),
        function="tidemill.faces.lsp.command:lsp",
        summary="Show types in the editor where the compiler says any.",
        extra="lsp",
    ),
    _verb("plan", "Say what N:M sparse training of a model would save, layer by layer."),
    _verb("reproduce", "Compute a system's published figures, and say what ours rest on."),
    Verb(
        words=("rtl", "export"),
        function="tidemill.faces.cli.rtl_export:export",
        summary="Write the accelerator as Verilog, with a testbench that checks itself.",
        extra="rtl",
    ),
    _verb("selftest", "Kill and damage a store and a server, and check that nothing is lost."),
)

GROUPS = {
    "config": "Look at the settings.",
    "data": "Make training sets, and look into them.",
    "eval": "Measure how good the answers are.",
    "rtl": "Write hardware out.",
    "runs": "Look after training runs.",
    "experts": "Look after the experts: packages of weights and what they say of themselves.",
}


def main() -> None:
    """Run the command line with the process's arguments and exit."""
    # Python leaves None where a stream was closed (`>&-`).
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115  as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: What was typed after ``tidemill``.

    Returns:
        The exit code: 0 ok, 1 findings, 2 usage, 3 bad input, 4 capacity,
        5 missing extra, 130 interrupted.
    """
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort, BrokenPipeError) as stop:
        code = _stopped(stop, as_json="--json" in arguments)
    except Exception as error:  # noqa: BLE001 - the last net: whatever it is gets a name and a code
        code = _failed(error, as_json="--json" in arguments)
    return code


def _invoke(arguments: Sequence[str]) -> int:
    """Call the verb; what it returns, if it is a number, is the exit code."""
    command = typer.main.get_command(application(arguments))
    with command.make_context("tidemill", list(arguments)) as context:
        result: object = command.invoke(context)
    return result if isinstance(result, int) else 0


def application(arguments: Sequence[str]) -> typer.Typer:
    """Build the command tree with the asked-for verb loaded and the others by name only."""
    asked = _asked(arguments)
    root = _plain_app(
        "Read code, trace its data flow, index it and search it. All on this machine."
    )
    root.callback(help=SUMMARY)(_global_options)
    groups = {name: _plain_app(summary) for name, summary in GROUPS.items()}
    for name, group in groups.items():
        root.add_typer(group, name=name, short_help=GROUPS[name])
    for verb in VERBS:
        home = root if len(verb.words) == 1 else groups[verb.words[0]]
        function = verb.load() if verb is asked else _named_only
        home.command(verb.words[-1], short_help=verb.summary)(function)
    return root


def _asked(arguments: Sequence[str]) -> Verb | None:
    """Return the verb that the first words of ``arguments`` name."""
    words = [word for word in arguments if not word.startswith("-")]
    return next((verb for verb in VERBS if verb.words == tuple(words[: len(verb.words)])), None)


def _plain_app(summary: str) -> typer.Typer:
    return typer.Typer(
        help=summary,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
    )


def _named_only() -> None:
    """Stand in for a verb that was not asked for."""


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tidemill {__version__}")
        raise typer.Exit


def _global_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Hold the options that stand before any verb."""


def _stopped(stop: BaseException, *, as_json: bool) -> int:
    """End quietly: the user, or the reader of our output, has had enough."""
    if isinstance(stop, BrokenPipeError):
        give_up_writing()
        return 0
    if as_json:
        write_json({"error": "Interrupted", "message": STOPPED, "exit_code": INTERRUPTED})
        sys.stdout.flush()
    write_error(STOPPED)
    return INTERRUPTED


def _failed(error: Exception, *, as_json: bool) -> int:
    """Tell what went wrong, and return the exit code that says whose turn it is."""
    match error:
        case typer.Exit():
            return error.exit_code
        case TyperException():
            return _misused(error, as_json=as_json)
        case TidemillError() | OSError(filename=str() | bytes()):
            return report_error(_named(error), as_json=as_json)
        case OSError() if error.errno == errno.ENOSPC:
            # Standard output goes to a full disk; there is no place left to tell it but here.
            give_up_writing()
            full = CapacityError("the output cannot be written: no space left")
            write_error(f"error: {full}")
            return full.exit_code
        case _:
            return _report_bug(error, as_json=as_json)


def _named(error: TidemillError | OSError) -> TidemillError:
    """Name a file that the system does not let us use, wherever that was met."""
    if isinstance(error, TidemillError):
        return error
    return InputError(
        f"cannot be used: {error.strerror}",
        path=printable(os.fsdecode(error.filename)),
        hint="check that it is there, and its permissions and those of the folders above it",
    )


def _misused(error: TyperException, *, as_json: bool) -> int:
    """Tell what is wrong with the words of the command, in typer's own words."""
    show: Callable[[], None] | None = getattr(error, "show", None)
    if show is None or as_json:
        said: Callable[[], str] = getattr(error, "format_message", error.__str__)
        return report_error(SettingError(said()), as_json=as_json)
    show()
    return USAGE


def _report_bug(error: Exception, *, as_json: bool) -> int:
    """Print the traceback and say plainly that this is our fault."""
    write_error("".join(traceback.format_exception(error)).rstrip())
    summary = f"this is a bug in tidemill: {type(error).__name__}: {error}"
    wrapped = TidemillError(summary, hint="please report it with the lines above")
    report_error(wrapped, as_json=as_json)
    return BUG
