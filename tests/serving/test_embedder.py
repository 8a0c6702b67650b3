import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.serving.packages import TEXTS, convolution_expert, encoder_expert, static_expert
from tidemill.core.errors import ExpertError
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.serving.bag import BagEmbedder
from tidemill.serving.embedder import CodeText, Embedder, open_embedder
from tidemill.serving.encoder import EncoderEmbedder
from tidemill.source.dataflow.merging import text_graph
from tidemill.source.dataflow.packing import pack
from tidemill.source.language import LANGUAGES


def code_texts() -> list[CodeText]:
    languages = ("python", "python", "java")
    found = []
    for text, language in zip(TEXTS, languages, strict=True):
        graph = text_graph(text.encode(), LANGUAGES[language])
        assert graph is not None
        found.append(CodeText(text=text.encode(), language=language, graph=pack(graph)))
    return found


def bag_expert(folder: Path) -> ExpertPackage:
    return encoder_expert(folder, "search-tokens", layers=0)


@pytest.fixture(params=[static_expert, encoder_expert, bag_expert])
def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> Embedder:
    return open_embedder(request.param(tmp_path / "expert"))


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(embedder: Embedder) -> None:
    texts = code_texts()
    together = embedder.code(texts)
    assert together.shape == (3, embedder.size)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    alone = np.concatenate([embedder.code([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    assert embedder.code([]).shape == (0, embedder.size)


def test_texts_that_say_nothing_are_no_error(embedder: Embedder) -> None:
    found = embedder.code(
        [CodeText(text=b"", language="python"), CodeText(text=b"\xff", language="c")]
    )
    assert np.isfinite(found).all()
    assert not found[0].any()
    asked = embedder.queries(["", "   ", "\ud800"])
    assert np.isfinite(asked).all()
    assert not asked[0].any()


def test_a_graph_changes_what_an_encoder_says(tmp_path: Path) -> None:
    embedder = open_embedder(encoder_expert(tmp_path / "expert"))
    (text, *_) = code_texts()
    bare = CodeText(text=text.text, language=text.language)
    difference = np.abs(embedder.code([text]) - embedder.code([bare])).max()
    assert difference > 1e-4


def test_a_bag_of_tokens_says_in_numpy_what_the_encoder_says(tmp_path: Path) -> None:
    package = bag_expert(tmp_path / "expert")
    texts = code_texts()
    ours, theirs = open_embedder(package), EncoderEmbedder(package)
    assert ours.code(texts) == pytest.approx(theirs.code(texts), abs=1e-6)
    asked = ["", "merge the headers", "copy " * 100]
    assert ours.queries(asked) == pytest.approx(theirs.queries(asked), abs=1e-6)


def test_a_bag_of_tokens_needs_no_torch(tmp_path: Path) -> None:
    bag_expert(tmp_path / "expert")
    program = (
        "import sys; from pathlib import Path\n"
        "from tidemill.experts.package import open_expert\n"
        "from tidemill.serving.embedder import open_embedder\n"
        f"open_embedder(open_expert(Path({str(tmp_path / 'expert')!r}))).queries(['a'])\n"
        "print('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_bag_with_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="no layers"):
        BagEmbedder(encoder_expert(tmp_path / "expert"))


def test_a_convolution_reads_code_alone_and_what_it_says_does_not_depend_on_neighbours(
    tmp_path: Path,
) -> None:
    embedder = open_embedder(convolution_expert(tmp_path / "expert"))
    texts = [*code_texts(), CodeText(text=b"", language="python")]
    together = embedder.code(texts)
    assert np.linalg.norm(together, axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-5)
    alone = np.concatenate([embedder.code([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)
    with pytest.raises(ExpertError, match="reads code alone"):
        embedder.queries(["merge"])


def test_renamed_variables_are_the_same_to_a_convolution(tmp_path: Path) -> None:
    embedder = open_embedder(convolution_expert(tmp_path / "expert"))
    texts = []
    for name in (b"total", b"amount"):
        text = b"def f(%b):\n    return %b + 1\n" % (name, name)
        graph = text_graph(text, LANGUAGES["python"])
        assert graph is not None
        texts.append(CodeText(text=text, language="python", graph=pack(graph)))
    one, other = embedder.code(texts)
    assert one == pytest.approx(other, abs=1e-6)


def test_an_untrained_map_finds_a_text_by_its_words(tmp_path: Path) -> None:
    embedder = open_embedder(static_expert(tmp_path / "expert"))
    queries = embedder.queries(["parse an iso date", "copy the tree", "sum of all items"])
    assert (queries @ embedder.code(code_texts()).T).argmax(axis=1).tolist() == [0, 1, 2]


def test_the_same_package_is_named_the_same_and_another_one_otherwise(tmp_path: Path) -> None:
    first = static_expert(tmp_path / "a")
    second = static_expert(tmp_path / "b", seed=1)
    assert open_embedder(first).expert_hash == first.expert_hash != second.expert_hash


def test_what_gives_no_vectors_is_refused(tmp_path: Path) -> None:
    draft = ExpertDraft(
        name="routing-x",
        task="routing",
        architecture="router",
        config={"model_type": "router"},
        tensors={"w": np.ones((2, 2), dtype=np.float32)},
    )
    with pytest.raises(ExpertError, match="architecture router gives no vectors"):
        open_embedder(write_expert(tmp_path / "x", draft))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "config.json and the tensors do not fit"),
        ({"features": 3, "vector_size": 4}, "features, 3 rows"),
        ({"model_type": "other"}, "model_type is 'other'"),
    ],
)
def test_a_static_expert_whose_parts_do_not_fit_is_refused(
    tmp_path: Path, told: dict[str, object], said: str
) -> None:
    good = static_expert(tmp_path / "good")
    draft = ExpertDraft(
        name="search-terms",
        task="search",
        architecture="static",
        config=dict(good.config) | told,
        tensors={
            "table.weight": np.ones((3, 4), dtype=np.float32),
            "query_map.weight": np.eye(4, dtype=np.float32),
        },
        texts={"features.json": good.file("features.json").read_text()},
    )
    with pytest.raises(ExpertError, match=said):
        open_embedder(write_expert(tmp_path / "bad", draft))


@pytest.mark.parametrize(
    "text",
    [
        '{"longest": 1, "tokens": "", "grams": "QUO395cmBwA="}',
        '{"longest": 1, "tokens": "", "grams": "01"}',
        '{"longest": Infinity, "tokens": "", "grams": ""}',
        '{"longest": 9, "tokens": "", "grams": ""}',
        '{"longest": 1, "tokens": ""}',
        '{"longest": 1, "tokens": "", "grams": "02000000000000000100000000000000"}',
    ],
)
def test_a_damaged_space_is_named_with_its_file(tmp_path: Path, text: str) -> None:
    good = static_expert(tmp_path / "good")
    draft = ExpertDraft(
        name="search-terms",
        task="search",
        architecture="static",
        config=dict(good.config),
        tensors={name: part.to_float32() for name, part in good.tensors.items()},
        texts={"features.json": text},
    )
    package = write_expert(tmp_path / "bad", draft)
    with pytest.raises(ExpertError, match=r"features\.json: not a space of n-grams") as raised:
        open_embedder(package)
    assert "tidemill train" in str(raised.value)
