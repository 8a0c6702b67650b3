"""Small experts for tests: untrained, but whole."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.models.config import EncoderConfig
from tidemill.models.convolution import Convolution, ConvolutionConfig
from tidemill.models.encoder import Encoder
from tidemill.models.lexemes import FIRST_ID, code_lexemes, code_words
from tidemill.models.ngrams import count_ngrams
from tidemill.models.routing import RouterConfig, read_text
from tidemill.models.static import StaticConfig
from tidemill.models.tokenizer import Tokenizer

TEXTS = (
    "def parse_iso_date(text):\n    year, month = text.split('-')\n    return year, month\n",
    "def copy_tree(source, target):\n    for name in source:\n        target.add(name)\n",
    "int total(int[] items) { int sum = 0; for (int x : items) { sum += x; } return sum; }",
)


def static_expert(folder: Path, name: str = "search-terms", seed: int = 0) -> ExpertPackage:
    """A map of the words of a few functions, its rows random: it compares words as they are."""
    space = count_ngrams([code_words(text) for text in TEXTS], longest=1, least=1)
    rows = np.random.default_rng(seed).normal(size=(len(space), 64)).astype(np.float32)
    config = StaticConfig(
        features=len(space),
        known_tokens=len(space.tokens),
        vector_size=64,
        longest=1,
        reads="words",
    )
    draft = ExpertDraft(
        name=name,
        task="search",
        architecture="static",
        config=config.to_dict(),
        tensors={"table.weight": rows, "query_map.weight": np.eye(64, dtype=np.float32)},
        texts={"features.json": space.to_json()},
    )
    return write_expert(folder, draft)


def convolution_expert(folder: Path, name: str = "clones-c", seed: int = 3) -> ExpertPackage:
    """A small convolution with random weights."""
    texts = [code_lexemes(text.encode(), "python", frozenset()) for text in TEXTS]
    space = count_ngrams(texts, longest=1, least=1)
    config = ConvolutionConfig(vocab_size=len(space) + FIRST_ID, hidden_size=16, vector_size=24)
    network = Convolution(config, torch.Generator().manual_seed(seed))
    draft = ExpertDraft(
        name=name,
        task="clones",
        architecture="convolution",
        config=config.to_dict(),
        tensors={key: part.numpy() for key, part in network.state_dict().items()},
        texts={"features.json": space.to_json()},
        languages=("python",),
    )
    return write_expert(folder, draft)


def encoder_expert(folder: Path, name: str = "search-code", layers: int = 2) -> ExpertPackage:
    """A narrow encoder with random weights."""
    tokenizer = Tokenizer.train(TEXTS, vocab_size=400)
    config = EncoderConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=66,
        pooling="weighted",
        projection_size=24,
        max_tokens=64,
        max_nodes=16,
    )
    encoder = Encoder(config, torch.Generator().manual_seed(3))
    draft = ExpertDraft(
        name=name,
        task="search",
        architecture="encoder" if layers else "bag",
        config=config.to_dict(),
        tensors={key: part.numpy() for key, part in encoder.state_dict().items()},
        texts={"tokenizer.json": tokenizer.to_json()},
    )
    return write_expert(folder, draft)


def router_expert(
    folder: Path,
    experts: dict[str, str],
    name: str = "routing-code",
    default: str = "",
    **facts: Any,
) -> ExpertPackage:
    """A router that tells texts apart by single words.

    Args:
        folder: Where.
        experts: Who answers a text with the word.
        name: Its own name.
        default: Who answers texts with none of the words; by default the first expert.
        facts: Of its config, such as ``reads``; of its manifest ``languages``.
    """
    words, reads = list(experts), facts.get("reads", "words")
    languages = facts.pop("languages", ())
    space = count_ngrams([read_text(word, reads) for word in words], longest=1, least=1)
    table = np.zeros((len(space), len(words)), dtype=np.float32)
    for place, word in enumerate(words):
        table[space.bag(read_text(word, reads)).features, place] = 10.0
    config = RouterConfig(
        answers=facts.get("answers", "search"),
        categories=tuple(words),
        experts=tuple(experts.values()),
        default=default or next(iter(experts.values())),
        least_confidence=0.6,
        temperature=1.0,
        features=len(space),
        vector_size=len(words),
        longest=1,
        reads=reads,
    )
    draft = ExpertDraft(
        name=name,
        task="routing",
        languages=languages,
        architecture="router",
        config=config.to_dict(),
        tensors={
            "table.weight": table,
            "head.weight": np.eye(len(words), dtype=np.float32),
            "head.bias": np.zeros(len(words), dtype=np.float32),
        },
        texts={"features.json": space.to_json()},
    )
    return write_expert(folder, draft)
