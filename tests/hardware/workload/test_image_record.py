import torch
from torch import nn

from tidemill.hardware.workload.image_record import ImageRecord
from tidemill.models.operations import trace_products


def test_sides_that_do_not_divide_are_rounded_up_as_padding_does() -> None:
    images = ImageRecord(size=13)
    images.unit("first", 4, 3, 2)
    images.pool()
    images.unit("second", 6, 3)
    wanted = images.classified(5, "any")
    network = nn.Sequential(
        *(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU()),
        nn.MaxPool2d(3, stride=2, padding=1),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5)),
    )
    found = trace_products(network, torch.zeros(2, 3, 13, 13))
    assert (
        [one.rows for one in found.products] == [one.rows for one in wanted.products] == [49, 16, 1]
    )
    assert found.macs == wanted.macs
    assert [(work.kind, work.elements) for work in found.between] == [
        (work.kind, work.elements) for work in wanted.between
    ]


def test_what_goes_past_a_block_is_mapped_where_its_shape_changes() -> None:
    images = ImageRecord(size=8)
    images.unit("stem", 4, 3)
    images.block("same", ((4, 3, 1), (4, 3, 1)))
    images.block("wider", ((8, 3, 1), (8, 3, 1)))
    images.block("smaller", ((8, 3, 2), (8, 3, 1)))
    found = images.classified(5, "any")
    past = {one.name: one for one in found.products if "shortcut" in one.name}
    assert list(past) == ["wider.shortcut.convolution", "smaller.shortcut.convolution"]
    last = past["smaller.shortcut.convolution"]
    assert (last.inputs, last.outputs, last.stride, last.rows) == (8, 8, (2, 2), 16)
