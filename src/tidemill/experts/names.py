"""What experts, their files and their tensors may be called: nothing that could be a path."""

import re
from difflib import get_close_matches
from typing import Final

from tidemill.core.errors import ExpertError
from tidemill.experts.refusals import refuse_name

__all__ = [
    "CARD",
    "CONFIG",
    "MANIFEST",
    "TASKS",
    "TOKENIZER",
    "WEIGHTS",
    "check_expert_name",
    "check_file_name",
    "check_id",
    "check_task",
    "check_tensor_name",
]

MANIFEST: Final = "expert.json"
CONFIG: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
TOKENIZER: Final = "tokenizer.json"
CARD: Final = "README.md"

TASKS: Final = (
    "search",
    "clones",
    "types",
    "translation",
    "repair",
    "video",
    "captioning",
    "answering",
    "routing",
    "images",
)
"""What an expert can be for."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,95}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_TENSOR = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")


def check_id(text: str, *, what: str) -> str:
    """Return ``text`` if it is an id.

    Args:
        text: The would-be id.
        what: What it names, for the message.

    Raises:
        ExpertError: It is none: a path, upper case, too long.
    """
    if not _ID.fullmatch(text):
        raise ExpertError(
            f"{text!r} is no {what}",
            hint="lower-case letters, digits, dots, underscores and hyphens; at most 96 of them",
        )
    return text


def check_task(task: str) -> str:
    """Return ``task`` if experts can be for it.

    Raises:
        ExpertError: There is no such task.
    """
    if task not in TASKS:
        near = get_close_matches(task, TASKS, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(TASKS)
        raise ExpertError(f"{task!r} is no task", hint=hint)
    return task


def check_expert_name(name: str, task: str) -> str:
    """Return ``name`` if it is an id that begins with its task.

    Raises:
        ExpertError: It is none.
    """
    check_id(name, what="name of an expert")
    if not name.startswith(f"{check_task(task)}-"):
        raise ExpertError(
            f"the expert {name} is for the task {task}", hint=f"call it {task}-<scope>"
        )
    return name


def check_file_name(name: str) -> str:
    """Return ``name`` if a package may hold a file of that name.

    Raises:
        ExpertError: It is a path, hidden, code, a pickle, or of another kind that no package holds.
    """
    if not _FILE.fullmatch(name):
        raise ExpertError(f"{name!r} is no name of a file in an expert")
    refuse_name(name)
    if name not in {WEIGHTS, CARD} and not name.endswith((".json", ".txt")):
        raise ExpertError(
            f"{name}: of no kind that an expert may hold",
            hint=f"{WEIGHTS}, {CARD}, and data as .json or .txt",
        )
    return name


def check_tensor_name(name: str) -> str:
    """Return ``name`` if a tensor may be called so.

    Raises:
        ExpertError: It is empty, too long, or has strange characters.
    """
    if not _TENSOR.fullmatch(name):
        raise ExpertError(f"{name[:300]!r} is no name of a tensor")
    return name
