"""Types of parameters that whoever calls a function from outside gives them.

A function that is handed to ``app.get`` has a request for its first parameter, whoever
wrote it, as the package's own declarations would say; one that is handed to a function of
the program has what the type of that one's parameter says. What is declared for the function
itself comes first; what somebody has only inferred for it comes after what is known so.
"""

from collections.abc import Iterable

from tidemill.source.program.foreign import handler_types
from tidemill.source.program.program import Program
from tidemill.source.program.receivers import ReceiverType, ReceiverTypes

__all__ = ["HandlerTypes"]


class HandlerTypes:
    """Knows what another source of types knows, and learns of functions that are handed over.

    Args:
        program: The program.
        types: Who is asked first.
    """

    def __init__(self, program: Program, types: ReceiverTypes) -> None:
        self._program, self._types = program, types
        self._learnt: dict[tuple[str, int], ReceiverType] = {}

    def type_of(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of a variable."""
        found = self._types.type_of(path, offset)
        learnt = self._learnt.get((path, offset))
        if learnt is None or (found is not None and found.origin == "declared"):
            return found
        return learnt if found is None or learnt.origin == "declared" else found

    def returned_by(self, path: str, offset: int) -> ReceiverType | None:
        """Return the type of a function's value."""
        return self._types.returned_by(path, offset)

    def handed_on(self, path: str, offset: int) -> tuple[ReceiverType | None, ...]:
        """Return what a function gets that a variable holds."""
        return self._types.handed_on(path, offset)

    def learn(self, names: Iterable[str], functions: Iterable[int]) -> None:
        """Learn what functions are called with that a call is handed.

        Args:
            names: Full names of what is called.
            functions: The functions among the arguments.
        """
        for function in functions:
            count = len(self._program.functions[function].parameters)
            for name in names:
                types = handler_types(name, count)
                self.give(function, [ReceiverType(name=one, origin="declared") for one in types])

    def give(self, function: int, types: Iterable[ReceiverType | None]) -> None:
        """Note what the parameters of a function get; what was noted before stays."""
        about, file = self._program.functions[function], self._program.file_of(function)
        for parameter, known in zip(about.parameters, types, strict=False):
            if file is not None and known is not None:
                self._learnt.setdefault((file.path, file.syntax.starts[parameter.at]), known)
