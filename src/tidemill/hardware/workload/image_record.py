"""What a convolutional network does with an image, noted down layer by layer."""

from tidemill.models.product_record import ProductRecord
from tidemill.models.products import ANSWER, FIRST, ModelProducts, WeightProduct

__all__ = ["ImageRecord"]


class ImageRecord:
    """Knows the sides of the image that the next layer is shown.

    Args:
        size: Rows and columns of the image.
        channels: Of a pixel.
    """

    def __init__(self, size: int, channels: int = 3) -> None:
        self._record = ProductRecord()
        self._side = size
        self._channels = channels

    @property
    def _elements(self) -> int:
        """Numbers of an image as it is now."""
        return self._channels * self._side**2

    def unit(
        self, name: str, outputs: int, window: int, stride: int = 1, *, activates: bool = True
    ) -> None:
        """Note a convolution, padded so that only strides shrink, its norm and its ReLU."""
        is_first = not self._record.longest
        self._side = -(-self._side // stride)
        self._record.product(
            WeightProduct(
                name=f"{name}.convolution",
                kind="convolution",
                inputs=self._channels,
                outputs=outputs,
                window=(window, window),
                stride=(stride, stride),
                rows=self._side**2,
                dense_because=FIRST if is_first else "",
                is_first=is_first,
            )
        )
        self._channels = outputs
        self._record.work(f"{name}.norm", "batch-norm", self._elements)
        if activates:
            self._record.work(name, "relu", self._elements)

    def pool(self, stride: int = 2) -> None:
        """Note a maximum."""
        self._record.work("model", "max-pool", self._elements)
        self._side = -(-self._side // stride)

    def block(self, name: str, units: tuple[tuple[int, int, int], ...]) -> None:
        """Note a residual block: its units, what goes past them, and their sum.

        Args:
            name: Of the block.
            units: Outputs, window and stride of each.
        """
        side, channels = self._side, self._channels
        stride = 1
        for number, (outputs, window, step) in enumerate(units):
            is_last = number == len(units) - 1
            self.unit(f"{name}.{number}", outputs, window, step, activates=not is_last)
            stride *= step
        if stride > 1 or self._channels != channels:
            outputs, self._side, self._channels = self._channels, side, channels
            self.unit(f"{name}.shortcut", outputs, 1, stride, activates=False)
        self._record.work(name, "add", self._elements)
        self._record.work(name, "relu", self._elements)

    def classified(self, classes: int, kind: str) -> ModelProducts:
        """Note the mean over places and the classifier, and return everything."""
        if self._side > 1:
            self._record.work("model", "average-pool", self._elements)
        self._record.linear("classifier", (1, self._channels, classes), ANSWER)
        return self._record.made(kind, places=self._record.longest, example="image", unit="pixels")
