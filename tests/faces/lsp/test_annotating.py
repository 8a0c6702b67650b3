"""Whether a type can be inserted, as other files are by now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faces.lsp.sample import ScriptedTypes
from tests.faces.lsp.test_finding import offer
from tidemill.core.settings import Settings
from tidemill.faces.lsp.analyst import Snapshot
from tidemill.faces.lsp.desk import Desk, desk_for
from tidemill.faces.lsp.finding import Finding
from tidemill.faces.lsp.limits import Limits
from tidemill.source.language import LANGUAGES

pytestmark = pytest.mark.slow

LABEL = b"export const label = (text) => [text];\n"
CALLS = b"import { label } from './label';\nlabel(%s);\n"


@pytest.fixture
def desk(typescript: Path) -> Iterator[Desk]:
    settings = Settings(typescript=typescript)
    found = desk_for(ScriptedTypes, settings, Limits(), print, trusts_projects=False)
    yield found
    found.close()


def test_a_type_that_another_file_speaks_against_by_now_is_not_inserted(
    desk: Desk, tmp_path: Path
) -> None:
    label, calls = tmp_path / "label.ts", tmp_path / "calls.ts"
    label.write_bytes(LABEL)
    calls.write_bytes(CALLS % b"''")
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"strict": true}}')

    def can_be_inserted(shown: dict[Path, bytes]) -> bool:
        snapshot = Snapshot(
            path=label,
            root=tmp_path,
            has_folder=True,
            language=LANGUAGES["typescript"],
            text=LABEL,
            shown={label: LABEL, **shown},
        )
        file = desk.analyst.parsed(snapshot)
        number, site = next(pair for pair in enumerate(file.sites) if pair[1].name == "text")
        finding = Finding(
            number=number,
            kind=site.kind,
            name=site.name,
            word=b"text",
            place=site.place,
            insert=site.insert,
            offers=(offer("string"),),
            knowledge="any",
        )
        found = desk.annotating.of_one(snapshot, finding, 1)
        assert all(one.is_checked for one in found)
        return bool(found)

    assert can_be_inserted({calls: CALLS % b"'a'"})
    assert not can_be_inserted({calls: CALLS % b"3"})
    assert can_be_inserted({})
    calls.write_bytes(CALLS % b"4")
    desk.changed(tmp_path, [calls], in_place=True)
    assert not can_be_inserted({})
