"""What of an image a convolution looks at for each of its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidemill.core.errors import InputError

__all__ = ["Window"]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A kernel's extent and how it moves, height and width each.

    Attributes:
        kernel: Places of the kernel.
        stride: Pixels from one output's window to the next.
        padding: Zeros before and after the image; fewer than none cut pixels off.
        dilation: Pixels from one place of the kernel to the next.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @classmethod
    def of(cls, kernel: Sequence[int], places: Sequence[int]) -> "Window":
        """Return the window of a kernel.

        Args:
            kernel: Height and width.
            places: Stride, padding and dilation, height and width each.
        """
        high, wide = kernel
        down, across, above, before, deep, apart = places
        return cls(
            kernel=(high, wide),
            stride=(down, across),
            padding=(above, before),
            dilation=(deep, apart),
        )

    @property
    def area(self) -> int:
        """Places of the kernel."""
        return self.kernel[0] * self.kernel[1]

    @property
    def can_turn(self) -> bool:
        """Whether the input's gradient is a convolution of the output's: at a stride of 1."""
        return self.stride == (1, 1)

    def turned(self) -> "Window":
        """Return the window by which the input's gradient looks at the output's.

        The kernel is turned by half a circle then.
        """
        return Window(
            kernel=self.kernel,
            padding=(self._reach(0) - self.padding[0], self._reach(1) - self.padding[1]),
            dilation=self.dilation,
        )

    def outputs(self, height: int, width: int) -> Pair:
        """Return height and width of what becomes of an image.

        Raises:
            InputError: The image is smaller than the window.
        """
        found = self._count(0, height), self._count(1, width)
        if found[0] < 1 or found[1] < 1:
            raise InputError(f"an image of {height} x {width} is smaller than {self}")
        return found

    def _reach(self, side: int) -> int:
        return self.dilation[side] * (self.kernel[side] - 1)

    def _count(self, side: int, size: int) -> int:
        room = size + 2 * self.padding[side] - self._reach(side) - 1
        return room // self.stride[side] + 1
