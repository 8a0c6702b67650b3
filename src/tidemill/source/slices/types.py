"""What the text says of types: annotations, literals, constructors, casts."""

import re
from collections.abc import Mapping
from functools import lru_cache

from tidemill.source.slices.scopes import Binding
from tidemill.source.slices.syntax import Syntax
from tidemill.source.slices.usage import ANY, LAMBDA
from tidemill.source.slices.vocabulary import Call, Vocabulary

__all__ = ["Types"]

LONGEST_TYPE = 300
MOST_VALUES = 16


class Types:
    """The types of one text.

    Args:
        syntax: The text.
        bindings: The variable of each use.
        known: Full names of the types that the text declares, by their names.
    """

    def __init__(
        self, syntax: Syntax, bindings: Mapping[int, Binding], known: Mapping[str, str]
    ) -> None:
        self._syntax = syntax
        self._bindings = bindings
        self._known = known
        self._of_binding: dict[int, str] = {}

    def annotated(self, annotation: int) -> str:
        """Return the type that an annotation says."""
        syntax = self._syntax
        if syntax.stops[annotation] - syntax.starts[annotation] > LONGEST_TYPE:
            return ANY
        text = syntax.written(annotation, LONGEST_TYPE).lstrip(":-> ")
        return self.named(text)

    def named(self, text: str) -> str:
        """Return the full name of a type that is written so."""
        words = self._syntax.words
        if text in self._known:
            return self._known[text]
        if text in words.primitives:
            return words.primitives[text]
        if text in words.builtins:
            return words.builtin_prefix + text
        return _pattern(words).sub(lambda found: words.primitives[found[0]], text) or ANY

    def of_value(self, index: int) -> str:
        """Return the type of an expression; ``LAMBDA`` for a function written there."""
        return self._cast(index) or self._of_node(self._syntax.value(index))

    def _of_node(self, node: int) -> str:
        words, kind = self._syntax.words, self._syntax.kind(node)
        if kind in words.functions:
            return LAMBDA
        if kind in words.literals:
            return words.literals[kind]
        if kind in words.names:
            binding = self._bindings.get(node)
            return ANY if binding is None else self.of_binding(binding)
        return self._of_call(node, words.calls[kind]) if kind in words.calls else ANY

    def _of_call(self, node: int, call: Call) -> str:
        """Return the type of what a call makes, if it makes an object of a class."""
        if call.constructs:
            return self.constructed(node)
        return self.instantiated(self._syntax.part(node, call.callee)) or ANY

    def constructed(self, allocation: int) -> str:
        """Return the type of the object that an allocation makes."""
        text = self.class_named(allocation)
        return self.named(text) if text else ANY

    def instantiated(self, callee: int) -> str:
        """Return the type of what a call of a declared class makes; empty for other calls."""
        if not self._syntax.words.calls_construct or not callee:
            return ""
        return self._known.get(self._syntax.written(callee, LONGEST_TYPE), "")

    def class_named(self, allocation: int) -> str:
        """Return the class that an allocation names, as it stands there."""
        syntax = self._syntax
        callee = syntax.part(allocation, syntax.words.calls[syntax.kind(allocation)].callee)
        return syntax.written(callee, LONGEST_TYPE) if callee else ""

    def of_binding(self, binding: Binding) -> str:
        """Return the type of a variable: declared, or that of all values it gets."""
        found = self._of_binding.get(binding.node)
        if found is None:
            # A variable that gets its own value says nothing more of its type.
            self._of_binding[binding.node] = ANY
            found = self._of_binding[binding.node] = self._found(binding)
        return found

    def _found(self, binding: Binding) -> str:
        if binding.annotation:
            return self.annotated(binding.annotation)
        if not binding.values or len(binding.values) > MOST_VALUES:
            return ANY
        types = {self._of_written(value) for value in binding.values}
        return types.pop() if len(types) == 1 else ANY

    def _of_written(self, value: int) -> str:
        """Return the type of a value that is written; other variables are not followed."""
        if not value:
            return ANY
        if self._syntax.name(value):
            return self._cast(value) or ANY
        found = self.of_value(value)
        return ANY if found == LAMBDA else found

    def _cast(self, index: int) -> str:
        """Return the type that a cast around a value says; empty without one."""
        syntax = self._syntax
        casts = syntax.words.casts
        for _ in range(MOST_VALUES):
            kind = syntax.kind(index)
            if kind in casts and syntax.first(index):
                written = syntax.text[syntax.stops[index + 1] : syntax.stops[index]][:LONGEST_TYPE]
                text = " ".join(written.decode("utf-8", "ignore").split())
                word, _, name = text.partition(" ")
                return self.named(name) if word == casts[kind] and name != "const" else ""
            if kind not in syntax.words.transparent or not syntax.first(index):
                return ""
            index += 1
        return ""


@lru_cache(maxsize=8)
def _pattern_of(words: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(sorted(words))
    return re.compile(rf"(?<![\w.$'\"])(?:{names})(?![\w$'\"?:])")


def _pattern(words: Vocabulary) -> re.Pattern[str]:
    """Return what finds the words of primitive types inside a longer type."""
    return _pattern_of(frozenset(words.primitives))
