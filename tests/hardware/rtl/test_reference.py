import numpy as np

from tidemill.hardware.rtl.reference import Constants, dot_in_order, half_of, update


def test_a_dot_product_adds_in_order_and_rounds_every_time() -> None:
    x = np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], np.float16)
    # 2^15 squared is 2^30, beside which 1 is lost unless it comes after what cancels it.
    big = np.float16(2.0**15)
    first = np.array([[big, 1.0, -big], [big, -big, 1.0]], np.float16)
    x[first != 1.0] = big
    assert dot_in_order(x, first).tolist() == [0.0, 1.0]


def test_a_dot_product_of_nothing_is_plus_zero() -> None:
    none = np.zeros((2, 0), np.float16)
    assert dot_in_order(none, none).view(np.uint32).tolist() == [0, 0]
    minus = np.array([[-0.0]], np.float16)
    assert dot_in_order(minus, np.ones_like(minus)).view(np.uint32).tolist() == [0]


def test_an_update_follows_its_formula() -> None:
    constants = Constants(*np.array([0.5, 0.25, 2.0, 4.0], np.float32))
    weight = np.array([1.0, 1.0], np.float32)
    velocity = np.array([2.0, 2.0], np.float32)
    gradient = np.array([3.0, 3.0], np.float16)
    found = update(weight, velocity, gradient, np.array([True, False]), constants=constants)
    assert found.velocity.tolist() == [6.0, 8.0]
    assert found.weight.tolist() == [-0.5, -1.0]
    assert found.half.dtype == np.float16
    assert found.half.tolist() == [-0.5, -1.0]


def test_nans_are_canonical() -> None:
    nan = np.array([0xFF800001], np.uint32).view(np.float32)
    assert half_of(nan).view(np.uint16).tolist() == [0x7E00]
