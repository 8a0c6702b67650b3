"""An expert on types, asked as it was trained."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from tests.training.typed.small import NARROW, POND, corpus, recipe
from tidemill.core.errors import ExpertError
from tidemill.core.settings import Settings
from tidemill.experts.package import ExpertPackage, open_expert
from tidemill.models.seq2seq.loading import load_seq2seq
from tidemill.models.tokenizer import Tokenizer
from tidemill.models.typed.confidence import Calibration
from tidemill.models.typed.document import document_of
from tidemill.models.typed.hints import notes_of
from tidemill.models.typed.inference import AskedFile, Inferred, Reading, TypeInference
from tidemill.models.typed.memory import MEMORY, NameMemory
from tidemill.models.typed.scope import LEXICON, Lexicon, sayable_names
from tidemill.models.typed.uses import SitedFile, uses_of
from tidemill.models.typed.vocabulary import TypeVocabulary
from tidemill.serving.type_questions import TypeAnswer, TypeQuestion
from tidemill.serving.types import TypeExpert
from tidemill.serving.weights import weights_of
from tidemill.source.annotations.finding import sites_of
from tidemill.source.annotations.stripping import stripped
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.training.training import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an expert of a few steps, which remembers what three places taught."""
    folder = tmp_path_factory.mktemp("types")
    corpus(folder / "set")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tidemill.training.typed.preparing.SIZES", {"mini": NARROW})
        patched.setattr("tidemill.training.typed.remembering.LEAST_PLACES", 3)
        report = train(
            recipe(stage={"steps": 12}),
            corpus=folder / "set",
            folder=folder / "run",
            settings=Settings(workers=1),
        )
    return report.expert


@pytest.fixture
def package(trained: Path) -> ExpertPackage:
    return open_expert(trained)


@pytest.fixture
def expert(package: ExpertPackage) -> Iterator[TypeExpert]:
    opened = TypeExpert(package)
    yield opened
    opened.close()


def bare(text: str = POND) -> bytes:
    data = text.encode()
    return stripped(data, sites_of(parse(data, LANGUAGES["typescript"])))


def question(text: bytes, **changes: object) -> TypeQuestion:
    sites = range(len(sites_of(parse(text, LANGUAGES["typescript"]))))
    facts: dict[str, object] = {"text": text, "language": "typescript", "sites": tuple(sites)}
    return TypeQuestion(**(facts | changes))  # type: ignore[arg-type]  # the fields above


def read_file(package: ExpertPackage, tree: SyntaxTree) -> AskedFile:
    """All sites of a file, with what the expert remembers of them."""
    file = SitedFile(path="a.ts", tree=tree, sites=sites_of(tree))
    asked = range(len(file.sites))
    memory = NameMemory.from_json(package.read(MEMORY))
    names = sayable_names(tree)
    return AskedFile(
        document=document_of(tree, file.sites, asked),
        names=names,
        places={number: file.sites[number].place.start for number in asked},
        notes=notes_of(file, asked, names, uses_of([file])["a.ts"], memory),
    )


def inferred(package: ExpertPackage, text: bytes) -> list[Inferred]:
    """What the parts of an expert answer, put together by hand."""
    config = package.config
    reading = Reading(
        window=int(str(config["window"])),
        facts=int(str(config["facts"])),
        most_sites=int(str(config["most_sites"])),
        most_tokens=int(str(config["max_tokens"])),
    )
    inference = TypeInference(
        TypeVocabulary(Tokenizer.load(package.file("tokenizer.json"))),
        Lexicon.from_json(package.read(LEXICON)),
        reading,
    )
    network = load_seq2seq(config, weights_of(package))
    with torch.inference_mode():
        file = read_file(package, parse(text, LANGUAGES["typescript"]))
        return inference.infer(network, [file])[0]


def as_facts(answers: tuple[TypeAnswer, ...]) -> list[tuple[int, tuple[str, ...]]]:
    return [(answer.site, answer.types) for answer in answers]


def test_answers_are_those_of_its_parts(package: ExpertPackage, expert: TypeExpert) -> None:
    text = bare()
    (answers,) = expert.types([question(text)])
    expected = inferred(package, text)
    assert as_facts(answers) == [(one.site, one.texts) for one in expected]
    assert len(answers) == 12
    curve = json.loads(package.read("config.json"))["calibration"]
    sure = Calibration(slope=curve[0], intercept=curve[1]).confidence
    for answer, one in zip(answers, expected, strict=True):
        confidences = [sure(score) for score in one.scores]
        assert list(answer.confidences) == pytest.approx(confidences, abs=1e-4)


@pytest.mark.claim("tidal.model.confidence")
def test_confidences_are_chances_most_sure_first(expert: TypeExpert) -> None:
    (answers,) = expert.types([question(bare())])
    assert any(answer.types for answer in answers)
    for answer in answers:
        assert len(answer.types) == len(answer.confidences)
        assert all(0 <= chance <= 1 for chance in answer.confidences)
        assert [*answer.confidences] == sorted(answer.confidences, reverse=True)


def test_what_it_remembers_is_read(package: ExpertPackage) -> None:
    memory = NameMemory.from_json(package.read(MEMORY))
    assert "string" in memory.types
    notes = read_file(package, parse(bare(), LANGUAGES["typescript"])).notes
    assert any("string" in words for words in notes.values())


def test_files_are_answered_in_order_and_only_as_asked(expert: TypeExpert) -> None:
    text = bare()
    some = question(text, sites=(3, 1, 99, -1))
    nothing, own, broken = expert.types(
        [question(b""), some, question(b"let a\xff; function f(b {", language="cobol")]
    )
    assert nothing == ()
    assert [answer.site for answer in own] == [1, 3]
    assert all(isinstance(answer, TypeAnswer) for answer in broken)
    assert expert.types([]) == []


def test_uses_that_somebody_knows_are_taken(expert: TypeExpert) -> None:
    text = bare()
    tree = parse(text, LANGUAGES["typescript"])
    uses = uses_of([SitedFile(path="a.ts", tree=tree, sites=sites_of(tree))])["a.ts"]
    assert uses
    own, given, none = expert.types(
        [question(text), question(text, uses=uses), question(text, uses={})]
    )
    assert own == given != none
    assert expert.bytes_held > 0


def changed(trained: Path, folder: Path, name: str, data: bytes) -> ExpertPackage:
    """The same expert with another data file, which the manifest knows."""
    shutil.copytree(trained, folder)
    (folder / name).write_bytes(data)
    facts = json.loads((folder / "expert.json").read_text(encoding="utf-8"))
    facts["files"][name] |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    (folder / "expert.json").write_text(json.dumps(facts), encoding="utf-8")
    return open_expert(folder)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"types": [""], "totals": [-1], "rows": {}}'])
def test_a_memory_that_is_damaged_is_refused(trained: Path, tmp_path: Path, data: bytes) -> None:
    package = changed(trained, tmp_path / "expert", MEMORY, data)
    with pytest.raises(ExpertError, match="the expert's memory cannot be read"):
        TypeExpert(package)


def test_a_lexicon_that_is_damaged_is_refused(trained: Path, tmp_path: Path) -> None:
    package = changed(trained, tmp_path / "expert", LEXICON, b"[]")
    with pytest.raises(ExpertError, match="the expert's types cannot be read"):
        TypeExpert(package)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"calibration": [1.0]}, "no curve of confidence"),
        ({"calibration": ["1", 0]}, "no curve of confidence"),
        ({"calibration": [10**400, 0]}, "no curve of confidence"),
        ({"calibration": "steep"}, "no curve of confidence"),
        ({"window": True}, "names no window"),
        ({"facts": -1}, "names no facts"),
        ({"most_sites": None}, "names no most_sites"),
    ],
)
def test_a_config_that_is_damaged_is_refused(
    package: ExpertPackage, facts: dict[str, object], words: str
) -> None:
    with pytest.raises(ExpertError, match=words):
        TypeExpert(replace(package, config={**package.config, **facts}))


def test_an_expert_without_memory_is_refused(package: ExpertPackage) -> None:
    files = {name: fact for name, fact in package.manifest.files.items() if name != MEMORY}
    forgetful = replace(package, manifest=replace(package.manifest, files=files))
    with pytest.raises(ExpertError, match=r"has no file 'memory\.json'"):
        TypeExpert(forgetful)
