"""A tiny sparse encoder to grow from, and a package of made-up functions to grow on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from tests.experts.drafts import pruned
from tests.training.small import NOUNS, VERBS
from tidemill.corpus.example import Example, identity
from tidemill.experts.encodings import Storage
from tidemill.experts.package import ExpertPackage
from tidemill.experts.packing import ExpertDraft, write_expert
from tidemill.models.config import EncoderConfig
from tidemill.models.encoder import Encoder
from tidemill.models.tokenizer import Tokenizer
from tidemill.sparsity.pattern import NMPattern
from tidemill.training.sprouting.bed import Growth
from tidemill.training.sprouting.drafting import Subject
from tidemill.training.sprouting.growing import growth_key
from tidemill.training.sprouting.origin import open_origin
from tidemill.training.sprouting.pairs import write_pairs
from tidemill.training.sprouting.recipe import SproutRecipe

BASE = "search-seed"
LANGUAGES = ("python",)


def pairs(count: int = 60) -> list[Example]:
    """Python functions whose queries say in words what their names say, no two alike."""
    said = [(verb, noun) for noun in NOUNS for verb in VERBS][:count]
    return [_pair(verb, noun, number) for number, (verb, noun) in enumerate(said)]


def _pair(verb: str, noun: str, number: int) -> Example:
    code = (
        f"def {verb}_{noun}(items, limit={number}):\n    total = 0\n    for item in items:\n"
        f"        total = total + item.{noun}\n    return {verb}(total, limit)\n"
    )
    query = f"{verb} the {noun} up to a limit"
    return Example(
        id=identity("python", query, code),
        language="python",
        package="small",
        family="small",
        licence="MIT",
        path=f"small/{noun}.py",
        line=number + 1,
        name=f"{verb}_{noun}",
        qualified_name=f"{verb}_{noun}",
        query=query,
        code=code,
        group="",
    )


def base_draft(pattern: str = "2:8", **changes: Any) -> ExpertDraft:
    """An encoder of two narrow layers with random weights, its matrices pruned and packed."""
    tokenizer = Tokenizer.train(
        (text for pair in pairs() for text in (pair.query, pair.code)), vocab_size=420
    )
    config = EncoderConfig(
        vocab_size=tokenizer.vocab_size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=50,
        max_tokens=48,
        max_nodes=12,
        pooling="weighted",
        projection_size=16,
    )
    encoder = Encoder(config, torch.Generator().manual_seed(0))
    tensors = {name: 10 * part.numpy() for name, part in encoder.state_dict().items()}
    storage = {
        name: Storage(encoding="int8-rows") for name, part in tensors.items() if part.ndim > 1
    }
    for name in [name for name in storage if name.startswith("encoder.layer.")]:
        tensors[name] = pruned(tensors[name], NMPattern.parse(pattern))
        storage[name] = Storage(encoding=pattern, dtype="BF16")
    draft = ExpertDraft(
        name=BASE,
        task="search",
        architecture="encoder",
        config=config.to_dict(),
        tensors=tensors,
        storage=storage,
        licence="Apache-2.0",
        languages=LANGUAGES,
        texts={"tokenizer.json": tokenizer.to_json()},
    )
    return replace(draft, **changes)


def packed_base(folder: Path, **changes: Any) -> ExpertPackage:
    """The base in a folder that is called as it is."""
    draft = base_draft(**changes)
    return write_expert(folder / draft.name, draft)


def quick(**changes: Any) -> SproutRecipe:
    """A recipe of a few steps, in batches of eight."""
    recipe = SproutRecipe()
    stages = tuple(
        replace(own, stage=replace(own.stage, steps=steps, batch=8, learning_rate=3e-3))
        for own, steps in zip(recipe.stages, (12, 3), strict=True)
    )
    # Of a dozen pairs a mean is never certain.
    return replace(recipe, stages=stages, **({"errors": 0.5} | changes))


def growth(folder: Path, base: Path, **changes: Any) -> Growth:
    """What is to be done in a folder: sixty pairs, a few steps."""
    (folder / "pairs").mkdir(parents=True, exist_ok=True)
    path = folder / "pairs" / "search-py-small.jsonl"
    data_hash = write_pairs(path, pairs())
    recipe = changes.pop("recipe", quick())
    facts: dict[str, Any] = {
        "subject": Subject(name="search-py-small", title="small", language="python"),
        "base": base,
        "pairs": path,
        "key": growth_key(open_origin(base).package.expert_hash, data_hash, recipe),
        "folder": folder,
        "registry": (base.parent, folder / "experts"),
        "recipe": recipe,
    }
    return Growth(**(facts | changes))
