import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import ROOT, SOURCE, source_files, tree

# What a package may touch directly, besides the standard library and lower layers.
THIRD_PARTY = {
    "core": {"pydantic", "typing_extensions"},
    "corpus": {"PIL", "jaxtyping", "numpy", "pyarrow", "sklearn", "typing_extensions"},
    "experts": {"jaxtyping", "numpy", "tokenizers", "typing_extensions"},
    "sparsity": {"jaxtyping", "numpy", "torch", "typing_extensions"},
    "source": {"tree_sitter", "typing_extensions"},
    "store": {"jaxtyping", "numpy", "typing_extensions"},
    "metrics": {"jaxtyping", "numpy", "typing_extensions"},
    "models": {"jaxtyping", "numpy", "tokenizers", "torch", "typing_extensions"},
    "serving": {"jaxtyping", "numpy", "torch", "typing_extensions"},
    "tasks": {"jaxtyping", "numpy", "typing_extensions", "watchfiles"},
    "training": {"jaxtyping", "numpy", "pydantic", "safetensors", "torch", "typing_extensions"},
    "hardware": {"typing_extensions"},
    "faces": {"typer", "typing_extensions"},
}
# What one file or one face may touch besides.
THEIR_OWN = {
    "src/tidemill/core/cluster.py": {"ray"},
    "src/tidemill/faces/http/fleet/client.py": {"httpx2"},
    "src/tidemill/faces/http": {
        "fastapi",
        "h11",
        "numpy",
        "prometheus_client",
        "pydantic",
        "starlette",
        "uvicorn",
    },
    "src/tidemill/faces/lsp": {"lsprotocol", "pygls"},
    "src/tidemill/hardware/rtl": {"amaranth", "numpy"},
}


def imported(path: Path) -> set[str]:
    """The first names of all modules that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("package", sorted(THIRD_PARTY))
def test_a_package_touches_only_its_own_third_parties(package: str) -> None:
    allowed = THIRD_PARTY[package] | {"tidemill"} | set(sys.stdlib_module_names)
    strangers = {
        str(path): found
        for path in source_files()
        if path.parts[2] == package and (found := imported(path) - allowed - own(path))
    }
    assert not strangers


def own(path: Path) -> set[str]:
    """What a file may touch that its package may not."""
    return {
        name for place, names in THEIR_OWN.items() if path.is_relative_to(place) for name in names
    }


def test_every_package_has_its_list() -> None:
    packages = {entry.name for entry in SOURCE.iterdir() if (entry / "__init__.py").exists()}
    assert packages == set(THIRD_PARTY)


def test_nobody_imports_from_the_package_root_but_the_version() -> None:
    names = {
        (str(path), alias.name)
        for path in source_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "tidemill"
        for alias in node.names
    }
    assert {name for _, name in names} <= {"__version__"}, names


@pytest.mark.slow
@pytest.mark.claim("house.layers")
@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/clock.py", "import tidemill.store.schema", "The river runs one way"),
        ("core/clock.py", "def f():\n    import tidemill.tasks.search", "The river runs one way"),
        ("source/text.py", "import tidemill.store.schema", "The river runs one way"),
        ("novelty/__init__.py", "", "The river runs one way"),
        ("core/hashing.py", "import tidemill.core.files", ""),
        ("store/rows.py", "import torch", "Tensors stay with those who train and serve"),
        ("store/rows.py", "import tree_sitter", "Grammars are opened in one place"),
        ("faces/cli/output.py", "import ctypes", "Native code is loaded through one door"),
        ("tasks/status.py", "import av", "Containers of video are opened in one place"),
        ("corpus/images/folders.py", "import PIL", "Pictures are decoded in one place"),
        ("tasks/status.py", "import lsprotocol", "Editors are talked to in one place"),
        ("hardware/sat/step.py", "import amaranth", "Hardware is described in one place"),
        ("hardware/sat/step.py", "import torch", "Tensors stay with those who train and serve"),
    ],
)
def test_a_breach_of_the_layers_is_caught(
    tmp_path: Path, file: str, line: str, contract: str
) -> None:
    shutil.copytree(SOURCE, tmp_path / "src" / "tidemill")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    breached = tmp_path / "src" / "tidemill" / file
    breached.parent.mkdir(exist_ok=True)
    with breached.open("a", encoding="utf-8") as out:
        out.write(f"\n{line}\n")
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        text=True,
    )
    broken = re.findall(r"^(.+) BROKEN", linted.stdout, re.MULTILINE)
    assert broken[:1] == ([contract] if contract else []), linted.stdout
    assert linted.returncode == bool(contract)
