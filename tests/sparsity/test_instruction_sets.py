import pytest

from tidemill.core.processor import processor_flags
from tidemill.sparsity import kernels
from tidemill.sparsity.instruction_sets import INSTRUCTION_SETS, usable_sets


def test_a_processor_without_vectors_has_the_portable_kernels() -> None:
    assert usable_sets(frozenset()) == ("portable",)
    assert usable_sets({"avx2", "fma", "avx512f"}) == ("portable", "avx2")


@pytest.mark.skipif(not kernels.available(), reason=f"no kernels: {kernels.why_not()}")
def test_the_kernels_themselves_say_the_same() -> None:
    assert usable_sets(processor_flags()) == kernels.isas()
    assert set(kernels.isas()) <= set(INSTRUCTION_SETS)
