import pytest

pytest.importorskip("amaranth")

from amaranth.hdl import Fragment, Module

from tidemill.hardware.rtl.pipeline import Pipeline


@pytest.mark.parametrize(
    ("latency", "registers"),
    [(1, [0, 0, 0, 1]), (2, [0, 0, 1, 1]), (4, [1, 1, 1, 1]), (6, [1, 1, 1, 3])],
)
def test_registers_stand_after_the_last_stages_first(latency: int, registers: list[int]) -> None:
    module = Module()
    pipeline = Pipeline(module, stages=4, latency=latency)
    assert [pipeline.registers(stage) for stage in (1, 2, 3, 4)] == registers
    Fragment.get(module, None)
