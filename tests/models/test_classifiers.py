"""Classifiers of images: what they are made of, and that a package gives them back."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch
from torch import nn

from tidemill.core.errors import ExpertError
from tidemill.models.classifiers import load_classifier, new_classifier, weights_of
from tidemill.models.image_config import (
    ImageInput,
    ResNetConfig,
    ViTConfig,
    resnet_config,
    vit_config,
)
from tidemill.models.shapes import tensor_shapes

SHOWN = ImageInput(
    size=16, channels=3, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.2), labels=("cat", "dog", "owl")
)
RESNET = ResNetConfig(images=SHOWN, width=4)
VIT = ViTConfig(
    images=SHOWN,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
)
each_config = pytest.mark.parametrize("config", [RESNET, VIT], ids=["resnet9", "vit"])


def images(count: int = 5) -> torch.Tensor:
    return torch.randn((count, 3, 16, 16), generator=torch.Generator().manual_seed(1))


@each_config
def test_images_become_scores(config: ResNetConfig | ViTConfig) -> None:
    network = new_classifier(config, torch.Generator().manual_seed(0))
    scores = network(images())
    assert scores.shape == (5, 3)
    assert scores.dtype == torch.float32
    assert scores.std() > 0


@each_config
def test_first_weights_come_from_the_generator_alone(config: ResNetConfig | ViTConfig) -> None:
    one, same, other = (
        new_classifier(config, torch.Generator().manual_seed(seed)).state_dict()
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    weights = [name for name in one if name.endswith("weight") and one[name].ndim > 1]
    assert not any(torch.equal(one[name], other[name]) for name in weights)


@each_config
def test_tensors_follow_from_the_config(config: ResNetConfig | ViTConfig) -> None:
    tensors = weights_of(new_classifier(config))
    assert tensor_shapes(config.to_dict()) == {name: (*x.shape,) for name, x in tensors.items()}


@each_config
def test_a_package_s_config_and_tensors_give_the_model_back(
    config: ResNetConfig | ViTConfig,
) -> None:
    network = new_classifier(config, torch.Generator().manual_seed(0))
    network.train()
    network(images())
    tensors = {name: part.detach().numpy().copy() for name, part in weights_of(network).items()}
    loaded = load_classifier(config.to_dict(), tensors)
    assert not loaded.training
    assert torch.equal(loaded(images()), network.eval()(images()))


@each_config
def test_dense_layers_are_layers_and_others_are_plain(config: ResNetConfig | ViTConfig) -> None:
    network = new_classifier(config)
    layers = {n: m for n, m in network.named_modules() if type(m) in {nn.Linear, nn.Conv2d}}
    assert network.dense_layers <= set(layers)
    # Whatever has a matrix or a kernel is one of the two, so that it can be replaced.
    matrices = {
        name.removesuffix(".weight")
        for name, part in network.named_parameters()
        if part.ndim > 1 and name.endswith(".weight")
    }
    assert matrices == set(layers)
    for name in set(layers) - network.dense_layers:
        assert layers[name].weight.shape[1] % 4 == 0, name


def test_what_a_resnet_kept_is_what_it_measures_with() -> None:
    network = new_classifier(RESNET, torch.Generator().manual_seed(0))
    before = network.eval()(images())
    network.train()(images())
    assert not torch.equal(network.eval()(images()), before)


def test_a_resnet_at_a_quarter_has_the_size_that_recipes_speak_of() -> None:
    shown = replace(SHOWN, size=32, labels=tuple("0123456789"))
    quarter, whole = (
        sum(
            part.numel()
            for part in new_classifier(ResNetConfig(images=shown, width=w)).parameters()
        )
        for w in (16, 64)
    )
    assert (quarter, whole) == (412_944, 6_573_120)


@each_config
def test_configs_survive_their_facts(config: ResNetConfig | ViTConfig) -> None:
    read = resnet_config if isinstance(config, ResNetConfig) else vit_config
    assert read(config.to_dict()) == config


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "tidemill-vgg"}, "model_type is 'tidemill-vgg'"),
        ({"image_size": "16"}, "image_size is '16', not a number"),
        ({"image_size": True}, "image_size is True"),
        ({"image_size": 18}, "patches of 4 do not divide images of 18 pixels"),
        ({"image_size": 0}, "images of 0 pixels"),
        ({"id2label": ["cat"]}, "id2label is no table"),
        ({"id2label": {"1": "cat", "2": "dog"}}, "id2label is no table"),
        ({"id2label": {"0": "cat"}}, "1 classes; there are 2 or more"),
        ({"image_mean": [0.5]}, "3 channels, 1 means and 3 deviations"),
        ({"image_mean": "0.5"}, "image_mean is '0.5', not a list"),
        ({"image_mean": [0.5, 0.5, "x"]}, "image_mean holds 'x'"),
        ({"image_std": [0.5, 0.5, 0.0]}, "a deviation of 0.0"),
        ({"num_attention_heads": 3}, "3 heads do not divide a width of 16"),
        ({"num_hidden_layers": 10_000}, "num_hidden_layers is 10000"),
        ({"intermediate_size": 0}, "intermediate_size is 0"),
        ({"hidden_size": None}, "hidden_size is None"),
        ({"hidden_size": 10**17}, "hidden_size is larger than 1,048,576"),
        ({"image_mean": [0.5, 0.5, 10**400]}, "image_mean holds a number that is too large"),
        ({"image_mean": [0.5, 0.5, float("nan")]}, "image_mean holds a number that is too"),
    ],
)
def test_what_is_no_config_is_refused_with_the_field(
    change: Mapping[str, object], said: str
) -> None:
    with pytest.raises(ExpertError, match=said):
        load_classifier(VIT.to_dict() | dict(change), {})


def test_a_resnet_needs_something_to_pool() -> None:
    with pytest.raises(ExpertError, match="images of 4 pixels"):
        ResNetConfig(images=replace(SHOWN, size=4))
    with pytest.raises(ExpertError, match="width is 0"):
        ResNetConfig(images=SHOWN, width=0)


def test_tensors_of_another_model_are_refused() -> None:
    tensors = {name: x.detach().numpy() for name, x in weights_of(new_classifier(VIT)).items()}
    with pytest.raises(ExpertError, match="do not fit"):
        load_classifier(RESNET.to_dict(), tensors)
