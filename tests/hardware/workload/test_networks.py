"""Published networks have the products of torch modules, and the published counts."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from transformers import ResNetConfig, ResNetForImageClassification

from tidemill.hardware.workload.lowering import network
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.models.operations import trace_products
from tidemill.models.products import ModelProducts

VGG = (64, 64, 0, 128, 128, 0, *(256,) * 4, 0, *(512,) * 4, 0, *(512,) * 4, 0)


def resnet(**facts: Any) -> ResNetForImageClassification:
    with torch.device("meta"):
        return ResNetForImageClassification(ResNetConfig(**facts))


def small_resnet() -> nn.Module:
    """One whose first layer sees 3 x 3, and whose images are not pooled after it."""
    model = resnet(
        hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic", num_labels=200
    )
    embedder = model.get_submodule("resnet.embedder")
    embedder.pooler = nn.Identity()
    with torch.device("meta"):
        embedder.get_submodule("embedder").convolution = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    return model


def vgg19() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for width in VGG:
        if width:
            convolution = nn.Conv2d(channels, width, 3, padding=1)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 100))


MODULES: dict[str, tuple[int, Callable[[], nn.Module]]] = {
    "resnet18": (
        224,
        lambda: resnet(
            hidden_sizes=[64, 128, 256, 512],
            depths=[2, 2, 2, 2],
            layer_type="basic",
            num_labels=1_000,
        ),
    ),
    "resnet18-64": (64, small_resnet),
    "resnet50": (224, lambda: resnet(num_labels=1_000)),
    "vgg19": (32, vgg19),
}


@pytest.mark.claim("bdwp.sat.macs", "bdwp.workload.trace")
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("is_training", [True, False])
def test_they_are_what_torch_modules_compute(name: str, *, is_training: bool) -> None:
    size, make = MODULES[name]
    found = trace_products(make().train(is_training), torch.empty(2, 3, size, size, device="meta"))
    wanted = NETWORKS[name].products
    assert shapes(found) == shapes(wanted)
    assert work(found) == work(wanted)
    assert (found.places, found.unit) == (wanted.places, wanted.unit)


def shapes(products: ModelProducts) -> list[tuple[object, ...]]:
    """All but the names, and why layers stay dense."""
    return [
        (
            *(one.kind, one.inputs, one.outputs, one.window, one.stride, one.groups, one.rows),
            *(bool(one.dense_because), one.is_first),
        )
        for one in products.products
    ]


def work(products: ModelProducts) -> list[tuple[str, int]]:
    return [(one.kind, one.elements) for one in products.between]


@pytest.mark.parametrize(
    ("name", "giga", "millions"),
    [
        # Multiply-accumulates of an image; weights of convolutions and classifier.
        ("resnet9", 0.379, 6.57),
        ("resnet18", 1.814, 11.68),
        ("resnet18-64", 2.222, 11.26),
        ("resnet50", 4.089, 25.50),
        ("vgg19", 0.398, 20.07),
        # 12 layers of 4 w^2 + 2 w m weights for 64 places, and 2 L^2 w of attention.
        ("vit", (64 * 12 * (4 * 192**2 + 2 * 192 * 768) + 12 * 2 * 64**2 * 192) / 1e9, 5.34),
    ],
)
def test_counts_are_the_published_ones(name: str, giga: float, millions: float) -> None:
    chosen = NETWORKS[name]
    assert chosen.products.macs / 1e9 == pytest.approx(giga, rel=2e-3)
    step = network(chosen.products, name=name, batch=chosen.batch)
    assert step.weights / 1e6 == pytest.approx(millions, abs=0.01)
    assert sum(layer.macs("forward") for layer in step.layers) == (
        chosen.batch * chosen.products.macs
    )


def test_they_go_by_their_names_and_say_where_they_are_from() -> None:
    assert list(NETWORKS) == ["resnet9", "resnet18", "resnet18-64", "resnet50", "vgg19", "vit"]
    for name, chosen in NETWORKS.items():
        assert chosen.name == name
        assert "pixels" in chosen.source
        assert chosen.batch == (256 if "224" in chosen.source else 512)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_and_the_last_layer_stay_dense(name: str) -> None:
    first, *middle, last = NETWORKS[name].products.products
    assert first.dense_because
    assert last.dense_because
    assert not any(product.dense_because or product.is_first for product in middle)
    assert (first.is_first, first.inputs, last.kind) == (True, 3, "linear")


@pytest.mark.parametrize("name", NETWORKS)
def test_no_two_layers_have_one_name(name: str) -> None:
    step = network(NETWORKS[name].products, name=name, batch=1)
    names = [layer.name for layer in step.layers]
    assert len(set(names)) == len(names)


def test_they_need_no_torch() -> None:
    script = (
        "import sys, tidemill.hardware.workload.networks, tidemill.hardware.workload.lowering,"
        " tidemill.hardware.workload.topology; print({'torch', 'numpy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "set()"
