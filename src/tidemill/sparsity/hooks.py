"""What others hung on a module goes along when another one takes its place."""

from torch import nn

__all__ = ["copy_hooks"]

_HOOKS = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def copy_hooks(module: nn.Module, other: nn.Module) -> None:
    """Let another module call the hooks of the one whose place it takes; handles stay valid.

    Args:
        module: With its hooks.
        other: Takes its place.
    """
    for name in _HOOKS:
        other.__dict__[name] = module.__dict__[name]
