"""A tree of code made up from a seed, for tests that need one to index, change and break."""

import random
from pathlib import Path

__all__ = ["change_tree", "grow_tree"]

NOUNS = ("river", "gate", "wheel", "pond", "tide", "grain", "stone", "sluice", "miller", "flour")
VERBS = ("open", "shut", "turn", "fill", "grind", "weigh", "sort", "count", "carry", "measure")
FUNCTIONS_PER_FILE = 30
FILES_PER_FOLDER = 20


def grow_tree(root: Path, files: int, chance: random.Random) -> None:
    """Write ``files`` Python files with thirty functions each under ``root``."""
    for number in range(files):
        path = root / f"part{number // FILES_PER_FOLDER:03}" / f"module{number:05}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_module(chance), encoding="utf-8")


def change_tree(root: Path, changes: int, chance: random.Random) -> None:
    """Edit, remove and add files under ``root``, ``changes`` in all."""
    for _ in range(changes):
        paths = sorted(root.rglob("*.py"))
        path = chance.choice(paths)
        match chance.randrange(4):
            case 0 if len(paths) > 1:
                path.unlink()
            case 1:
                (path.parent / f"extra{chance.randrange(10**6):06}.py").write_text(
                    _module(chance), encoding="utf-8"
                )
            case _:
                path.write_text(_module(chance), encoding="utf-8")


def _module(chance: random.Random) -> str:
    functions = [_function(chance, number) for number in range(FUNCTIONS_PER_FILE)]
    return '"""Made up for a test."""\n\n' + "\n\n".join(functions)


def _function(chance: random.Random, number: int) -> str:
    verb, noun, other = chance.choice(VERBS), chance.choice(NOUNS), chance.choice(NOUNS)
    return (
        f"def {verb}_{noun}_{number}({noun}, limit={chance.randrange(100)}):\n"
        f'    """{verb.title()} the {noun} until the {other} is {chance.choice(VERBS)}ed."""\n'
        f"    total = 0\n"
        f"    for step in range(limit):\n"
        f"        if step % {chance.randrange(2, 9)}:\n"
        f"            total += {noun} * step\n"
        f"        else:\n"
        f"            {other}_left = total - step\n"
        f"            total = {other}_left\n"
        f"    return total\n"
    )
