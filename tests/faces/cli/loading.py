"""What a command loads."""

import json
import subprocess
import sys

LOADED = """
import json, sys
from tidemill.faces.cli.app import run
code = run({arguments})
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded(*arguments: str) -> set[str]:
    """The packages that are loaded when a command is done, which has to succeed."""
    script = LOADED.format(arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    code, found = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stdout
    return {name.partition(".")[0] for name in found}
