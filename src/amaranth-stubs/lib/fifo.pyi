from amaranth.lib.wiring import Component

class SyncFIFO(Component):
    def __init__(self, *, width: int, depth: int) -> None: ...
