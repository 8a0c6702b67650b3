"""Three typed files of two families, packed as a set, and a recipe that takes seconds."""

from pathlib import Path
from typing import Any

import torch

from tests.corpus.typed.making import labelled
from tidemill.core.progress import Progress, Silence
from tidemill.corpus.packed import PackedCorpus
from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.corpus.typed.packed import write_types
from tidemill.models.seq2seq.config import Seq2SeqSize
from tidemill.training.distributed import Workers
from tidemill.training.making import Workplace
from tidemill.training.recipe import Recipe, recipe_from

POND = """\
import { Heron } from "./heron";
export class Pond<Water> {
  depth: number = 3;
  reeds: Map<string, Reed>;
  constructor(reeds: Map<string, Reed>, private water: Water) { this.reeds = reeds; }
  dive(singer: Heron, times: number): Promise<void> { return this.wait(times); }
  visit(each: (reed: Reed, index: number) => void): string[] { return [...this.reeds.keys()]; }
  find(name: string): Reed | undefined { return this.reeds.get(name); }
  deep(): boolean { return this.depth > 4; }
}
interface Reed { height: number }
"""
MILL = """\
export class Mill {
  grain: string[];
  wheels: Map<string, number>;
  constructor(grain: string[], public name: string) { this.grain = grain; }
  grind(stone: Stone, turns: number, onFlour: (flour: string) => void): boolean {
    const speed = turns * 2;
    return stone.turn(speed);
  }
  stop(after: number): Promise<void> { return later(after); }
}
class Stone { size: number; turn(times: number): boolean { return times > this.size; } }
"""
WELL = """\
export function draw(well: Well, bucket: string): string | undefined {
  return well.buckets.find((one: string) => one === bucket);
}
export class Well { buckets: string[]; depth: number; constructor(depth: number) {} }
export const deepest = (wells: Well[]): Well => wells[0];
"""
INFERRED = {"speed": ("number", "number")}
"""What the compiler says of the mill, with annotations and without."""

NARROW: Seq2SeqSize = {
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_layers": 1,
    "num_decoder_layers": 1,
    "num_heads": 4,
}


def rows() -> list[LabelledFile]:
    """Pond by itself; mill and well of one family."""
    return [
        labelled(POND, package="pond", path="src/pond.ts"),
        labelled(MILL, package="mill", family="miller", path="src/mill.ts"),
        labelled(WELL, package="well", family="miller", path="src/well.ts"),
    ]


def corpus(folder: Path) -> PackedCorpus:
    """What is learnt from is measured with as well: enough to see that it is learnt."""
    facts = {"name": "types", "about": "", "sources": [], "dropped": {}}
    return write_types(folder, {"train": rows(), "valid": rows()}, facts)


def recipe(**changes: Any) -> Recipe:
    """A recipe of a few steps; ``model`` and ``stage`` add to what it says of them."""
    model = {
        "kind": "seq2seq",
        "size": "mini",
        "vocab_size": 700,
        "max_tokens": 96,
        "max_target_tokens": 64,
        "window": 48,
        "facts": 24,
        "most_sites": 4,
        "neighbours": 2,
    }
    stage = {"objectives": ["types"], "steps": 4, "batch": 4, "learning_rate": 1e-2}
    facts: dict[str, Any] = {
        "name": "types-small",
        "task": "types",
        "corpus": "types",
        "precision": "fp32",
        "rewrites": 1,
        "model": model | changes.pop("model", {}),
        "stages": [stage | changes.pop("stage", {})],
    }
    return recipe_from(facts | changes)


def workplace(folder: Path, progress: Progress | None = None, **changes: Any) -> Workplace:
    folder.mkdir(exist_ok=True)
    facts: dict[str, Any] = {
        "folder": folder,
        "corpus_hash": "small",
        "team": Workers(device=torch.device("cpu")),
        "readers": 1,
        "progress": progress or Silence(),
    }
    return Workplace(**(facts | changes))
