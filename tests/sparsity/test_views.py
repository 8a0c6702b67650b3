import gc
import warnings
import weakref

import numpy as np
import pytest
import torch

from tidemill.sparsity.views import as_tensor


class Numbers(np.ndarray):
    """An array that can be watched."""


def read_only(*values: float) -> np.ndarray:
    array = np.array(values, dtype=np.float32)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("is_writeable", [False, True])
def test_a_tensor_is_over_the_same_memory_and_nobody_is_warned(is_writeable: bool) -> None:
    arrays = [
        read_only(1, 2),
        read_only(3),
        np.zeros(4, np.float32) if is_writeable else read_only(),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensors = [as_tensor(array) for array in arrays]
    for array, tensor in zip(arrays, tensors, strict=True):
        assert tensor.shape == array.shape
        assert tensor.dtype == torch.float32
        assert not array.size or tensor.data_ptr() == array.ctypes.data


def test_a_tensor_keeps_its_array() -> None:
    array = read_only(5, 6).view(Numbers)
    watched = weakref.ref(array)
    tensor = as_tensor(array)
    del array
    gc.collect()
    assert watched() is not None
    assert tensor.tolist() == [5, 6]
    del tensor
    gc.collect()
    assert watched() is None
