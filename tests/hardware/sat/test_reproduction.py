import json
from functools import cache
from statistics import fmean

import pytest

from tidemill.faces.cli.output import json_text
from tidemill.hardware.machine.description import read_machine
from tidemill.hardware.sat.machine import sat_machine
from tidemill.hardware.sat.reproduction import (
    AVERAGED,
    PUBLISHED_SPEEDUP,
    SatReproduction,
    average_speedup,
    fitted,
    reproduce_sat,
)
from tidemill.sparsity.pattern import NMPattern

DECLARED = read_machine("sat-vcu1525")


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []

    def advance(self, done: int, total: int | None, note: str) -> None:
        assert total is None
        self.heard.append((done, note))


@cache
def reproduced() -> tuple[SatReproduction, Listener]:
    listener = Listener()
    return reproduce_sat(progress=listener), listener


@pytest.mark.claim("bdwp.sat.speedup")
def test_the_average_speed_up_of_the_declared_machine_is_six_percent_above_the_published() -> None:
    average = average_speedup(sat_machine(DECLARED))
    assert average == pytest.approx(1.857, abs=5e-4)
    assert average / PUBLISHED_SPEEDUP - 1 == pytest.approx(0.061, abs=1e-3)


@pytest.mark.slow
@pytest.mark.claim("bdwp.sat.speedup")
def test_a_constant_that_is_chosen_to_fit_says_so() -> None:
    found, _ = reproduced()
    fit = found.fit
    assert fit is not None
    assert fit.speedup == pytest.approx(PUBLISHED_SPEEDUP, abs=2e-3)
    fitted = DECLARED.changed({fit.key: fit.value}, status="fitted")
    assert average_speedup(sat_machine(fitted)) == fit.speedup
    assert fitted.constants[fit.key].status == "fitted"
    assert "fitted" not in {one.status for one in DECLARED.constants.values()}


@pytest.mark.slow
def test_models_are_averaged_as_they_say() -> None:
    found, _ = reproduced()
    pattern = NMPattern(2, 8)
    own = [model.speedup(pattern) for model in found.models if model.is_averaged]
    assert {model.name for model in found.models if model.is_averaged} == set(AVERAGED)
    assert found.average == pytest.approx(fmean(own))
    assert found.difference == pytest.approx(found.average / PUBLISHED_SPEEDUP - 1)
    for model in found.models:
        speedups = [model.speedup(pattern) for pattern in model.sparse]
        assert speedups == sorted(speedups)
        assert all(
            model.speedup(pattern) < 1 / (1 - model.mac_cut(pattern)) for pattern in model.sparse
        )


@pytest.mark.slow
def test_every_result_is_told_as_it_comes() -> None:
    found, listener = reproduced()
    results = found.models + found.ablation + found.methods + found.sensitivities
    assert [done for done, _ in listener.heard] == [*range(1, len(results) + 1)]
    assert {note for _, note in listener.heard} == {
        "models",
        "dataflow methods",
        "methods of training",
        "constants",
    }


@pytest.mark.slow
def test_facts_for_programs_are_those_for_people() -> None:
    found, _ = reproduced()
    facts = json.loads(json_text(found))
    assert facts["average"] == found.average
    assert facts["fit"]["status"] == "fitted"
    assert facts["not_recomputable"]["throughput over prior FPGA accelerators"] == "2.97x to 25.22x"
    assert len(facts["models"]) == len(found.models)
    assert facts["models"][0]["patterns"]["2:8"]["speedup"] == found.models[0].speedup(
        NMPattern(2, 8)
    )
    assert set(facts["constants"]) == set(DECLARED.constants)


def test_a_machine_that_cannot_give_the_figure_has_no_fit() -> None:
    assert fitted(DECLARED.changed({"dram.bytes_per_second": 2_000_000_000})) is None
