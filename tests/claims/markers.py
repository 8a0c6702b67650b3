"""Which tests say that they show a claim, read from the test files without running them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def marked_tests() -> dict[str, frozenset[str]]:
    """The claims of every test function, by ``tests/path.py::function``."""
    return {
        f"{path.relative_to(ROOT)}::{function.name}": frozenset(_claims(function))
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and function.name.startswith("test_")
    }


def _claims(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
                yield from (ast.literal_eval(argument) for argument in node.args)
