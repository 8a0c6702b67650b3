"""Products with N:M sparse weights in native code, and the forms of weights that they want.

A `Form` is a sparse matrix as the kernels read it: cut along the contraction into blocks whose
activations fit a first-level cache, and in each block row by row the kept values beside the
places of their activations in that cache. `made` makes one of a dense weight in a single pass,
`expanded` one of a packed weight, `product` multiplies, and `convolved` does so with what a
convolution's window shows of an image. Only kept weights ever meet an activation: NaN or infinity
below a dropped weight spreads nowhere.

Where there is no compiler, or ``TIDEMILL_NATIVE=off``, `available` says no and `why_not` why.
"""

from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int16
from torch import Tensor

from tidemill.core.errors import InputError
from tidemill.sparsity.library import available, call, isa, isas, number, run, why_not
from tidemill.sparsity.packed import PackedWeight
from tidemill.sparsity.pattern import NMPattern
from tidemill.sparsity.window import Window

__all__ = [
    "Form",
    "available",
    "convolved",
    "decayed",
    "expanded",
    "isa",
    "isas",
    "made",
    "marked",
    "product",
    "pruned",
    "why_not",
]

_DTYPES = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """A sparse matrix as the kernels read it.

    Attributes:
        pattern: N:M.
        rows: Outputs of the product.
        columns: The contraction; M divides it.
        values: Kept weights, [block][row][kept]; float32 or bfloat16.
        offsets: Of each value, the bytes from the start of a tile to its activations.
    """

    pattern: NMPattern
    rows: int
    columns: int
    values: Float[Tensor, " entries"]
    offsets: Int16[Tensor, " entries"]

    @property
    def dtype(self) -> torch.dtype:
        """Type of the values, and of the activations that meet them."""
        return self.values.dtype

    @property
    def bytes_held(self) -> int:
        """Bytes of values and offsets."""
        return self.values.numel() * (self.values.element_size() + self.offsets.element_size())

    def check(self) -> None:
        """Refuse a form that is not whole.

        Raises:
            InputError: It has too few or too many entries.
            TidemillError: There are no kernels.
        """
        wanted = _entries(self.pattern, self.rows, self.columns, self.dtype)
        if self.values.numel() != wanted or self.offsets.numel() != wanted:
            raise InputError(
                f"a {self.pattern} form of {self.rows:,} x {self.columns:,} has {wanted:,} values"
                f" and offsets, not {self.values.numel():,} and {self.offsets.numel():,}"
            )


def made(
    weight: Float[Tensor, "outputs inputs"],
    pattern: NMPattern,
    *,
    along: Literal["columns", "rows"],
    dtype: torch.dtype = torch.float32,
    into: Form | None = None,
    isa: str | None = None,
) -> Form:
    """Make the form of the N largest weights of every M.

    Magnitudes are compared by their bits: NaN is larger than infinity, denormals count, and of
    equals the first stays.

    Args:
        weight: The dense weight, float32 and contiguous.
        pattern: N:M; M divides the side that groups run along.
        along: ``columns`` for the product with x [..., inputs]; ``rows`` for that with a
            gradient [..., outputs], whose form is the transposed one.
        dtype: Of the values: float32 or bfloat16 (to the nearest, ties to even).
        into: A form of the same kind whose memory is used again.
        isa: One of `isas`, or the best.

    Raises:
        InputError: Something has another type or size.
        SettingError: M does not divide.
        TidemillError: There are no kernels.
    """
    _check(weight, "the weight", (torch.float32,), weight.shape if weight.dim() == 2 else (0, 0))
    rows, columns = weight.shape if along == "columns" else (weight.shape[1], weight.shape[0])
    pattern.groups(columns)
    form = _empty(pattern, rows, columns, dtype) if into is None else into
    _check_form(form, (pattern, rows, columns, dtype))
    run(
        "make",
        *_shape(form),
        weight.data_ptr(),
        int(along == "rows"),
        form.values.data_ptr(),
        form.offsets.data_ptr(),
        number(isa),
        torch.get_num_threads(),
    )
    return form


def expanded(packed: PackedWeight, *, dtype: torch.dtype, isa: str | None = None) -> Form:
    """Make the form of a packed weight.

    Args:
        packed: Values of float32, bfloat16 or float16.
        dtype: Of the form's values: float32 or bfloat16.
        isa: One of `isas`, or the best.

    Raises:
        InputError: A type is none of these.
        TidemillError: There are no kernels.
    """
    shape = (packed.rows, packed.pattern.kept(packed.columns))
    _check(packed.values, "packed values", tuple(_DTYPES), shape)
    indices = packed.indices.contiguous()
    form = _empty(packed.pattern, packed.rows, packed.columns, dtype)
    run(
        "expand",
        *_shape(form),
        packed.values.data_ptr(),
        _DTYPES[packed.values.dtype],
        indices.data_ptr(),
        indices.numel(),
        form.values.data_ptr(),
        form.offsets.data_ptr(),
        number(isa),
        torch.get_num_threads(),
    )
    return form


def product(
    x: Float[Tensor, "*tokens columns"],
    form: Form,
    bias: Float[Tensor, " rows"] | None = None,
    *,
    isa: str | None = None,
) -> Float[Tensor, "*tokens rows"]:
    """Return x W^T + bias; sums are float32.

    The order of a float32 sum does not depend on threads, nor on how many tokens there are when
    there are at least two; one alone is summed in another order. Products of bfloat16 by the
    processor's own instruction take denormal numbers for zeros.

    Args:
        x: Activations of the form's type.
        form: W.
        bias: Added; of the form's type.
        isa: One of `isas`, or the best.

    Raises:
        InputError: Something has another type or size.
        TidemillError: There are no kernels.
    """
    rows, columns = form.rows, form.columns
    if x.dtype != form.dtype or x.shape[-1:] != (columns,) or x.device.type != "cpu":
        raise InputError(
            f"activations {_told(x)} do not fit a form of {rows:,} x {columns:,} {form.dtype}"
        )
    flat = x if x.dim() == 2 else x.reshape(-1, columns)
    if flat.stride(1) != 1:
        flat = flat.contiguous()
    y = x.new_empty((*x.shape[:-1], rows))
    _multiply((flat.data_ptr(), flat.stride(0), 0), form, bias, y, isa=isa)
    return y


def convolved(
    x: Float[Tensor, "batch channels height width"],
    form: Form,
    window: Window,
    bias: Float[Tensor, " rows"] | None = None,
    *,
    isa: str | None = None,
) -> Float[Tensor, "batch rows high wide"]:
    """Return a convolution, without ever making its patches; sums are float32.

    Args:
        x: Images of the form's type; fastest in torch's ``channels_last``.
        form: Its columns are the places of the kernel and, fastest, the channels.
        window: What each output sees; zeros beyond the image.
        bias: Added; of the form's type.
        isa: One of `isas`, or the best.

    Returns:
        In ``channels_last``.

    Raises:
        InputError: Something has another type or size, or the window is larger than images.
        TidemillError: There are no kernels.
    """
    is_image = x.dtype == form.dtype and x.dim() == 4 and x.device.type == "cpu"
    if not is_image or x.shape[1] * window.area != form.columns:
        high, wide = window.kernel
        raise InputError(
            f"images {_told(x)} under a kernel of {high} x {wide} do not fit a form of"
            f" {form.rows:,} x {form.columns:,} {form.dtype}"
        )
    batch, channels, height, width = x.shape
    size = window.outputs(height, width)
    pixels = x.permute(0, 2, 3, 1).contiguous()
    y = x.new_empty((batch, *size, form.rows))
    steps = (*window.stride, *window.padding, *window.dilation)
    image = array("q", [height, width, channels, window.kernel[1], *steps, *size])
    _multiply((pixels.data_ptr(), 0, image.buffer_info()[0]), form, bias, y, isa=isa)
    return y.permute(0, 3, 1, 2)


def marked(form: Form) -> Bool[Tensor, "rows columns"]:
    """Return which weights a form keeps.

    Raises:
        InputError: The form is not whole.
        TidemillError: There are no kernels.
    """
    form.check()
    mask = torch.empty(form.rows, form.columns, dtype=torch.bool)
    _mark(form, 0, mask)
    return mask


def pruned(weight: Float[Tensor, "rows columns"], form: Form) -> Float[Tensor, "rows columns"]:
    """Return a weight with zeros where a form dropped something.

    Args:
        weight: float32, contiguous.
        form: Made of the weight, along its columns.

    Raises:
        InputError: Something has another type or size.
        TidemillError: There are no kernels.
    """
    _check(weight, "the weight", (torch.float32,), (form.rows, form.columns))
    form.check()
    found = torch.empty_like(weight)
    _mark(form, weight.data_ptr(), found)
    return found


def _mark(form: Form, weight: int, found: Tensor) -> None:
    parts = (form.offsets.data_ptr(), weight, found.data_ptr())
    run("mark", *_shape(form), *parts, torch.get_num_threads())


def decayed(
    grad: Float[Tensor, "rows columns"],
    weight: Float[Tensor, "rows columns"],
    form: Form,
    decay: float,
) -> None:
    """Add ``decay * weight`` to the gradient of every weight that a form dropped, in place.

    Args:
        grad: float32, contiguous like the weight.
        weight: float32.
        form: Made of the weight, along its columns.
        decay: How much of it.

    Raises:
        InputError: Something has another type or size.
        TidemillError: There are no kernels.
    """
    for tensor, what in ((grad, "the gradient"), (weight, "the weight")):
        _check(tensor, what, (torch.float32,), (form.rows, form.columns))
    form.check()
    by = array("f", [decay])
    address, _ = by.buffer_info()
    parts = (grad.data_ptr(), weight.data_ptr(), form.offsets.data_ptr())
    run("decay", *_shape(form), *parts, address, number(None), torch.get_num_threads())


def _multiply(
    x: tuple[int, int, int], form: Form, bias: Tensor | None, y: Tensor, *, isa: str | None
) -> None:
    """Fill y [..., rows]; activations are an address, a token's stride, and an image's places."""
    form.check()
    if bias is not None:
        _check(bias, "the bias", (form.dtype,), (form.rows,))
    run(
        "product",
        *_shape(form),
        *x,
        y.numel() // form.rows,
        form.values.data_ptr(),
        form.offsets.data_ptr(),
        0 if bias is None else bias.data_ptr(),
        y.data_ptr(),
        number(isa),
        torch.get_num_threads(),
    )


@lru_cache(maxsize=4096)
def _entries(pattern: NMPattern, rows: int, columns: int, dtype: torch.dtype) -> int:
    return call("entries", rows, columns, pattern.n, pattern.m, _DTYPES[dtype])


def _empty(pattern: NMPattern, rows: int, columns: int, dtype: torch.dtype) -> Form:
    if dtype not in {torch.float32, torch.bfloat16}:
        raise InputError(f"values of a form are float32 or bfloat16, not {dtype}")
    count = _entries(pattern, rows, columns, dtype)
    return Form(
        pattern=pattern,
        rows=rows,
        columns=columns,
        values=torch.empty(count, dtype=dtype),
        offsets=torch.empty(count, dtype=torch.int16),
    )


def _shape(form: Form) -> tuple[int, int, int, int, int]:
    pattern = form.pattern
    return form.rows, form.columns, pattern.n, pattern.m, _DTYPES[form.values.dtype]


def _check_form(form: Form, wanted: tuple[NMPattern, int, int, torch.dtype]) -> None:
    if (form.pattern, form.rows, form.columns, form.dtype) != wanted:
        raise InputError(
            f"a {form.pattern} form of {form.rows:,} x {form.columns:,} {form.dtype} cannot hold"
            f" {wanted[0]} of {wanted[1]:,} x {wanted[2]:,} {wanted[3]}"
        )


def _check(tensor: Tensor, what: str, dtypes: tuple[torch.dtype, ...], shape: object) -> None:
    is_whole = tensor.is_contiguous() and tensor.device.type == "cpu"
    if tensor.dtype not in dtypes or tensor.shape != shape or not is_whole:
        names = " or ".join(str(dtype) for dtype in dtypes)
        raise InputError(f"{what} {_told(tensor)} is not {names} {shape}, contiguous on the CPU")


def _told(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {tensor.dtype}"
