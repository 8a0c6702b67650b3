"""Which layers of a model become sparse, and which stay dense."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from torch import nn

from tidemill.core.errors import SettingError
from tidemill.sparsity.convolution import SparseConv2d
from tidemill.sparsity.linear import SparseLinear
from tidemill.sparsity.spec import Sparsity

__all__ = [
    "Layer",
    "chosen_layers",
    "leave_fast_paths",
    "spared_layers",
]

Layer = nn.Linear | nn.Conv2d

_SPARED = "Name it in exempt to keep it dense."
_UNSUPPORTED = (
    nn.Conv1d,
    nn.Conv3d,
    nn.Bilinear,
    nn.RNNBase,
    nn.RNNCellBase,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_OPAQUE = (nn.MultiheadAttention, nn.RNNBase)
"""They multiply with their inner layers' weights themselves, past the layers."""


def _declared_dense(model: nn.Module) -> frozenset[str] | None:
    """Return the names of layers that the parts of a model declare to be dense.

    A part's class declares them as ``dense_layers``, a frozenset of their names within it;
    ``fnmatch`` patterns will do.

    Args:
        model: Any module.

    Returns:
        The names, or None where nothing is declared.
    """
    found: set[str] = set()
    is_declared = False
    for name, part in model.named_modules():
        own = getattr(type(part), "dense_layers", None)
        # Other people's modules may call something else so.
        if isinstance(own, frozenset):
            is_declared = True
            found |= {f"{name}.{inner}" if name else inner for inner in own}
    return frozenset(found) if is_declared else None


def chosen_layers(
    model: nn.Module, spec: Sparsity, exempt: Iterable[str] | None
) -> dict[str, Layer]:
    """Return the layers that become sparse, by name, each looked at.

    Args:
        model: Any module.
        spec: Pattern and method.
        exempt: Names or ``fnmatch`` patterns of layers that stay dense. By default what the
            model declares; of one that declares nothing, the first convolution and the last
            linear layer.

    Raises:
        SettingError: A layer cannot be sparse; says which and what to do.
    """
    spared = spared_layers(model) if exempt is None else _words(exempt)
    if exempt is not None:
        _check_names(model, set(spared) - set(spared_layers(model)))
    _check_kinds(model, spared)
    opaque = [name for name, part in model.named_modules() if isinstance(part, _OPAQUE)]
    layers = {
        name: part
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear | nn.Conv2d)
        and not _is_among(name, spared)
        and not _is_below(name, opaque)
    }
    for name, layer in layers.items():
        _check_layer(name, layer, spec)
    _check_shared(model, layers)
    if not layers:
        raise SettingError(
            "no layer of this model can be sparse",
            hint="It needs a Linear or Conv2d that is not exempt.",
        )
    return layers


def _check_layer(name: str, layer: Layer, spec: Sparsity) -> None:
    if not name:
        raise SettingError(
            "the model is itself the layer", hint="Put it into a Sequential, where it has a name."
        )
    if isinstance(layer, SparseLinear | SparseConv2d):
        raise SettingError(f"{name}: is sparse already", hint="Call desparsify first.")
    reason = _why_not(layer)
    if reason:
        raise SettingError(f"{name}: {reason}", hint=_SPARED)
    outputs, inputs = layer.weight.shape[:2]
    undivided = spec.rule.undivided(spec.pattern, inputs, outputs)
    if undivided:
        reason, length = undivided
        raise SettingError(
            f"{name}: {reason}",
            hint=f"Choose a pattern whose M divides {length:,}. Or: {_SPARED}",
        )


def _why_not(layer: Layer) -> str:
    """Return why a layer cannot be sparse by any pattern; empty where it can."""
    if type(layer) not in {nn.Linear, nn.Conv2d}:
        return f"a {type(layer).__name__} computes in its own way"
    if "weight" not in layer._parameters:  # noqa: SLF001  else it is computed of others
        return "its weight is made of other parameters"
    if layer.weight.numel() == 0:
        return "has no weights"
    if isinstance(layer, nn.Conv2d):
        return _why_no_convolution(layer)
    return ""


def _why_no_convolution(layer: nn.Conv2d) -> str:
    if layer.groups != 1:
        return f"a convolution in {layer.groups} groups cannot be sparse"
    if layer.padding_mode != "zeros":
        return f"padding with {layer.padding_mode}"
    sides = zip(layer.dilation, layer.kernel_size, strict=True)
    if layer.padding == "same" and any(reach * (size - 1) % 2 for reach, size in sides):
        return "padding to the same size with a kernel of even size is not the same on both sides"
    return ""


def leave_fast_paths(model: nn.Module) -> None:
    """Let torch's transformer layers call their inner layers also when they only answer.

    Their fast path multiplies with the weights of the inner layers itself.

    Args:
        model: With some of its layers replaced.
    """
    for part in model.modules():
        if isinstance(part, nn.TransformerEncoderLayer):
            part.activation_relu_or_gelu = 0


def spared_layers(model: nn.Module) -> tuple[str, ...]:
    """Return what stays dense where nobody says otherwise; see `chosen_layers`."""
    declared = _declared_dense(model)
    if declared is not None:
        return tuple(sorted(declared))
    named = list(model.named_modules())
    convolutions = [name for name, part in named if isinstance(part, nn.Conv2d)]
    linears = [name for name, part in named if isinstance(part, nn.Linear)]
    return tuple(convolutions[:1] + linears[-1:])


def _words(exempt: Iterable[str]) -> tuple[str, ...]:
    return (exempt,) if isinstance(exempt, str) else tuple(exempt)


def _is_below(name: str, parts: Sequence[str]) -> bool:
    """Whether a layer is inside one of some parts."""
    return any(name.startswith(f"{part}.") for part in parts)


def _is_among(name: str, names: Sequence[str]) -> bool:
    return any(fnmatchcase(name, wanted) for wanted in names)


def _check_names(model: nn.Module, names: Iterable[str]) -> None:
    there = [name for name, _ in model.named_modules()]
    for wanted in names:
        if not any(fnmatchcase(name, wanted) for name in there):
            raise SettingError(
                f"exempt names {wanted!r}, and there is no such layer",
                hint="Layers are named as model.named_modules() names them.",
            )


def _check_kinds(model: nn.Module, spared: Sequence[str]) -> None:
    for name, part in model.named_modules():
        if isinstance(part, (*_UNSUPPORTED, *_OPAQUE)) and not _is_among(name, spared):
            raise SettingError(
                f"{name or 'the model'}: a {type(part).__name__} cannot be sparse;"
                " Linear and Conv2d can",
                hint=_SPARED,
            )


def _check_shared(model: nn.Module, layers: Mapping[str, Layer]) -> None:
    """Refuse weights that another layer uses too: it would not know that they are sparse."""
    users: dict[int, set[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        users.setdefault(id(parameter), set()).add(name)
    for name, layer in layers.items():
        others = users[id(layer.weight)] - {f"{name}.weight"}
        if others:
            raise SettingError(
                f"{name}: its weight is also {min(others)}",
                hint="Name both in exempt to keep them dense.",
            )
