"""``tidemill demo``."""

from typing import Annotated

import typer

from tidemill.faces.cli import doctor, index, search
from tidemill.faces.cli.options import StoreFolder, Workers, settings_from
from tidemill.faces.cli.output import Ink, ink_for, printable, write
from tidemill.faces.cli.progress import shown_progress
from tidemill.source.dataflow.rendering.listing import list_flow
from tidemill.tasks.demonstration import (
    Answered,
    Checked,
    Drawn,
    Indexed,
    Learned,
    Opened,
    Scene,
    Switched,
    Verified,
    demonstrate,
)
from tidemill.tasks.switching import Switching

__all__ = ["demo"]

MEGA = 1_000_000
BAR = 16
FULL, EMPTY = "\N{FULL BLOCK}", "\N{LIGHT SHADE}"
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
NEXT = (
    ("tidemill index .", "read your own code"),
    ('tidemill search "..."', "ask it something"),
    ("tidemill dataflow FILE:FUNCTION -o flow.svg", "draw one of its functions"),
    ("tidemill status", "see what was read, and what was not"),
    ("tidemill serve", "serve the experts to other programs"),
    ("tidemill --help", "everything else"),
)


def demo(
    verify: Annotated[
        bool, typer.Option("--verify", help="Count everything that was shown again.")
    ] = False,
    store: StoreFolder = None,
    workers: Workers = None,
) -> None:
    """Show the main job on real code, live, in a few minutes.

    Indexes the interpreter's standard library and Tidemill's own source, shows all
    of it to the experts, answers three questions, draws the data flow of one function, and
    lets experts change places in memory that has not room for all of them. Nothing is
    canned: all of it is computed now. Interrupted, the same command resumes.

    For example:

        tidemill demo --verify
    """
    ink, holds = ink_for(), True
    settings = settings_from(store=store, workers=workers)
    with shown_progress() as progress, shown_progress(unit="vectors") as learning:
        scenes = demonstrate(verify=verify, settings=settings, progress=progress, learning=learning)
        for scene in scenes:
            progress.close()
            learning.close()
            _show(scene, ink)
            holds = holds and not (isinstance(scene, Verified) and not scene.holds)
    _heading("what next", ink)
    width = max(len(command) for command, _ in NEXT)
    for command, purpose in NEXT:
        write(f"  {ink.bold(command.ljust(width))}  {ink.dim(purpose)}")
    raise typer.Exit(0 if holds else 1)


def _show(scene: Scene, ink: Ink) -> None:
    match scene:
        case Opened():
            _show_opening(scene, ink)
        case Checked():
            _heading("this machine", ink)
            doctor.report(scene.diagnosis, ink)
            _heading("reading", ink)
        case Indexed():
            _show_index(scene, ink)
        case Learned():
            index.report_learned(scene.report, ink)
        case Answered():
            _show_answer(scene, ink)
        case _:
            _show_extra(scene, ink)


def _show_extra(scene: Drawn | Switched | Verified, ink: Ink) -> None:
    match scene:
        case Drawn():
            _show_flow(scene, ink)
        case Switched():
            _show_switching(scene.switching, ink)
        case Verified():
            _show_verification(scene, ink)


def _show_answer(scene: Answered, ink: Ink) -> None:
    _heading(f"{scene.answer.query}?", ink)
    search.report(scene.answer, ink, why=True)
    write(ink.dim(f"answered in {scene.seconds * 1000:.0f} ms"))


def _heading(words: str, ink: Ink) -> None:
    write()
    write(ink.bold(f"{RULE * 2} {words}"))


def _show_opening(scene: Opened, ink: Ink) -> None:
    write(ink.bold(f"tidemill {scene.version}"))
    write(f"reads  {printable(str(scene.library))}")
    write(f"       {printable(str(scene.project))}")
    write(f"into   {printable(str(scene.folder))}")


def _show_index(scene: Indexed, ink: Ink) -> None:
    index.report(scene.report, ink, every=False)
    units = scene.facts.units
    functions = units.get("function", 0) + units.get("method", 0)
    write(f"the store holds {functions:,} functions in {scene.facts.files:,} files")


def _show_flow(scene: Drawn, ink: Ink) -> None:
    _heading(f"data flow of {scene.flow.path.name}:{scene.flow.name}", ink)
    for line in list_flow(scene.flow.graph, scene.flow.text, span=scene.flow.span):
        write(line)
    write(f"picture: {printable(str(scene.picture))}")


def _show_switching(scene: Switching, ink: Ink) -> None:
    budget, whole = scene.budget_bytes / MEGA, scene.all_bytes / MEGA
    _heading(f"{whole:.1f} MB of experts in {budget:.1f} MB of memory", ink)
    width = max(len(step.hop.expert) for step in scene.steps)
    for step in scene.steps:
        hop = step.hop
        filled = round(BAR * step.used_bytes / scene.budget_bytes)
        bar = FULL * filled + EMPTY * (BAR - filled)
        found = {"disk": ink.warning, "host": ink.place, "active": ink.good}[hop.tier]
        wait = f"load {hop.load_seconds * 1e3:6.1f} ms" if hop.load_seconds else " " * 14
        write(
            f"  {hop.expert.ljust(width)}  {found(f'on {hop.tier}'.ljust(9))}  {wait}"
            f"  answer {hop.compute_seconds * 1e3:5.1f} ms  {ink.dim(bar)}"
            f" {step.used_bytes / MEGA:4.1f} MB, {len(step.resident)} there"
        )
    most = max(step.used_bytes for step in scene.steps) / MEGA
    write(ink.dim(f"{scene.evictions} had to leave; {most:.1f} of {budget:.1f} MB at most in use"))


def _show_verification(scene: Verified, ink: Ink) -> None:
    _heading("counted again", ink)
    for name, (shown, found) in scene.counts.items():
        mark = ink.good("ok  ") if shown == found else ink.bad("FAIL")
        write(f"{mark}  {name}: {shown:,} shown, {found:,} found")
    for problem in scene.verification.problems:
        write(f"{ink.bad('FAIL')}  {printable(problem)}")
    if scene.verification.sound:
        write(f"{ink.good('ok  ')}  journal, rows and postings agree")
