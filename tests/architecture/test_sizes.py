import ast

from tests.architecture.house import ROOT, python_files, tree

LONGEST_FUNCTION = 60
LONGEST_FILE = 500


def test_no_function_is_too_long() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for path in python_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert not long


def test_no_file_is_too_long() -> None:
    counted = {path: len((ROOT / path).read_text().splitlines()) for path in python_files()}
    assert not {path: lines for path, lines in counted.items() if lines > LONGEST_FILE}
