import json
import subprocess
import sys

import pytest

MOST_MODULES = 250
HEAVY = {"torch", "numpy", "tree_sitter", "pydantic", "pydantic_settings", "rich", "ray", "av"}

COUNT = """
import json, sys
from tidemill.faces.cli.app import main
sys.argv = ["tidemill", *{arguments}]
code = 0
try:
    code = main()
except SystemExit as stop:
    code = stop.code
print(json.dumps([code or 0, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """The modules that a command of the command line loads."""
    script = COUNT.format(arguments=list(arguments))
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    code, modules = json.loads(run.stderr.splitlines()[-1])
    assert code == 0, run.stderr
    assert run.stdout
    return set(modules)


@pytest.mark.claim("house.startup")
@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_help_is_light(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert not HEAVY & {name.partition(".")[0] for name in modules}
    assert len(modules) <= MOST_MODULES


def test_importing_the_package_loads_none_of_it() -> None:
    script = "import sys, tidemill; print([name for name in sys.modules if 'tidemill.' in name])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
