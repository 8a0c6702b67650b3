"""The compiler of a project, with the project open."""

from dataclasses import dataclass
from pathlib import Path

from tidemill.core.errors import MissingToolError
from tidemill.core.settings import Settings
from tidemill.source.typescript.compiler import Compiler, find_compiler
from tidemill.source.typescript.service import AT_HOME, CompilerService
from tidemill.tasks.types.project import Project
from tidemill.tasks.types.rules import TypeRules

__all__ = ["Found", "found_compiler", "opened"]

CONFIGS = ("tsconfig.json", "jsconfig.json")
QUIET = {"noEmit": True, "skipLibCheck": True, "composite": False, "incremental": False}
WITH_SCRIPTS = {"allowJs": True, "checkJs": True}
"""JavaScript that the project's own options leave unchecked would let any type pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A compiler, or why there is none.

    Attributes:
        compiler: To ask; None where there is none.
        reason: Why, and how to get one.
    """

    compiler: Compiler | None
    reason: str = ""


def found_compiler(root: Path, settings: Settings, rules: TypeRules) -> Found:
    """Find the compiler that checks, unless nobody wants a check.

    Raises:
        MissingToolError: A check is demanded, and there is no compiler.
    """
    if rules.check is False:
        return Found(compiler=None, reason="no check was wanted")
    try:
        return Found(compiler=find_compiler(root, settings.typescript))
    except MissingToolError as error:
        if rules.check:
            raise
        return Found(compiler=None, reason=f"{error.message}; {error.hint}")


def opened(compiler: Compiler, project: Project, rules: TypeRules) -> tuple[CompilerService, Path]:
    """Open a project; return it with the folder from which its names count.

    Raises:
        CapacityError: The compiler took too long, or ran out of memory.
        TidemillError: It refused the project's options.
    """
    config = rules.tsconfig or _nearest_config(project.root)
    root = project.root if config is None else config.absolute().parent
    options: dict[str, object] = dict(AT_HOME if config is None else QUIET)
    if any(file.is_script for file in project.files):
        options |= WITH_SCRIPTS
    service = CompilerService(
        compiler, root, [], options=options, config=config, seconds=rules.seconds
    )
    return service, root


def _nearest_config(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        for name in CONFIGS:
            if (place / name).is_file():
                return place / name
    return None
