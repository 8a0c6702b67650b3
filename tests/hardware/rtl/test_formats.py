import numpy as np
import pytest

from tidemill.hardware.rtl.formats import HALF, SINGLE, FloatFormat


@pytest.mark.parametrize(
    ("form", "dtype", "unsigned"), [(HALF, np.float16, np.uint16), (SINGLE, np.float32, np.uint32)]
)
def test_formats_are_those_of_numpy(
    form: FloatFormat, dtype: type[np.floating], unsigned: type[np.unsignedinteger]
) -> None:
    info = np.finfo(dtype)
    assert (form.width, form.fraction_bits, form.bias) == (info.bits, info.nmant, 1 - info.minexp)
    assert form.significand_bits == form.fraction_bits + 1
    numbers = np.array([np.inf, np.nan], dtype).view(unsigned)
    assert numbers.tolist() == [form.infinity, form.quiet_nan]
    assert form.top_field << form.fraction_bits == form.infinity
