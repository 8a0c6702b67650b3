from dataclasses import replace

import pytest

from tests.hardware.sat.drafts import SAT, published
from tidemill.hardware.sat.ablation import METHODS, PATTERNS, dataflow_variants, method_variants
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.step import step_time
from tidemill.sparsity.pattern import NMPattern


def test_all_three_methods_together_are_the_fastest() -> None:
    found = {
        one.name: one for one in dataflow_variants(published("resnet18-64"), SAT, SatOptions())
    }
    assert len(found) == 8
    best = found.pop("all three")
    assert best.speedup > 1
    for other in found.values():
        assert other.step.cycles > best.step.cycles
        assert other.speedup < best.speedup
    # Leaving more out takes no less.
    cycles = {name: one.step.cycles for name, one in found.items()}
    assert cycles["none, outputs stay"] >= cycles["no interleaving, outputs stay"]
    assert cycles["no interleaving, outputs stay"] > cycles["no scheduling: outputs stay"]
    assert cycles["none, weights stay"] >= cycles["no scheduling: weights stay"]
    options = found["none, weights stay"].step.options
    assert (options.interleave, options.pregenerate, options.schedule) == (False, False, "ws")


def test_methods_stand_beside_each_other_at_every_pattern() -> None:
    found = {one.name: one for one in method_variants(published("resnet9"), SAT, SatOptions())}
    assert len(found) == 1 + 4 * len(PATTERNS)
    assert found["dense"].speedup == 1
    for name in METHODS[1:]:
        speedups = [found[f"{name} {pattern}"].speedup for pattern in PATTERNS]
        assert speedups == sorted(speedups)
        assert speedups[0] > 1
    for pattern in PATTERNS:
        others = [found[f"{name} {pattern}"] for name in METHODS[1:-1]]
        assert found[f"bdwp {pattern}"].speedup > max(one.speedup for one in others)
        assert {one.step.options.pattern for one in others} == {pattern}


def test_what_the_options_leave_out_is_there_when_all_three_are_asked_for() -> None:
    options = SatOptions(pattern=NMPattern(2, 4), schedule="ws", interleave=False)
    named = {one.name: one for one in dataflow_variants(published("resnet9"), SAT, options)}
    usual = replace(options, schedule="best", interleave=True)
    assert named["all three"].step.options == usual
    assert named["no interleave mapping"].step.options == replace(usual, interleave=False)
    dense = step_time(published("resnet9"), SAT, replace(usual, method="dense"))
    assert named["all three"].speedup == dense.cycles / named["all three"].step.cycles


def test_methods_of_training_are_compared_with_the_dataflow_methods_of_the_options() -> None:
    options = SatOptions(schedule="ws")
    dense, first, *_ = method_variants(published("resnet9"), SAT, options)
    assert dense.step.options.schedule == "ws"
    assert first.speedup == pytest.approx(dense.step.cycles / first.step.cycles)
