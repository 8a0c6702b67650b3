from amaranth.lib.wiring import Component

class YosysError(Exception): ...

def convert(
    elaboratable: Component,
    name: str = ...,
    *,
    emit_src: bool = ...,
    strip_internal_attrs: bool = ...,
) -> str: ...
