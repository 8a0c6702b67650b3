"""A node that is a call, an operator or an assignment, as slices show it."""

from collections.abc import Mapping

from tidemill.source.slices.scopes import Binding, Source
from tidemill.source.slices.signatures import Signatures
from tidemill.source.slices.types import Types
from tidemill.source.slices.usage import ANY, OPERATOR, Definition, ObservedCall
from tidemill.source.slices.vocabulary import Call, Operator
from tidemill.source.slices.walk import Walk

__all__ = ["Calls"]

MOST_PARAMETERS = 64
LONGEST_NAME = 120
LONGEST_CODE = 200


class Calls:
    """The calls of one text; each is looked at once.

    Args:
        walk: What was noted of the text.
        bindings: The variable of each use.
        types: Its types.
        signatures: Its functions.
    """

    def __init__(
        self,
        walk: Walk,
        bindings: Mapping[int, Binding],
        *,
        types: Types,
        signatures: Signatures,
    ) -> None:
        self._walk = walk
        self._syntax = walk.syntax
        self._bindings = bindings
        self._types = types
        self._signatures = signatures
        self._observed: dict[int, ObservedCall] = {}
        self._constructors: dict[int, ObservedCall] = {}
        self._returns: dict[int, ObservedCall] = {}

    def observed(self, site: int) -> ObservedCall:
        """Return the call, operator or assignment that a node is."""
        found = self._observed.get(site)
        if found is None:
            found = self._observed[site] = self._looked_at(site)
        return found

    def constructor(self, site: int) -> ObservedCall:
        """Return the constructor behind an assignment, at the place of the assignment."""
        found = self._constructors.get(site)
        if found is None:
            made = self._walk.constructed[site]
            found = self._constructors[site] = self._construction(made, site)
        return found

    def returned(self, site: int) -> ObservedCall:
        """Return what stands for the return of a value."""
        found = self._returns.get(site)
        if found is None:
            span = self._syntax.span(site)
            found = self._returns[site] = ObservedCall(name=f"{OPERATOR}return", span=span)
        return found

    def definition(self, source: Source) -> Definition | None:
        """Return the call that a value comes from; None for one that comes from no call.

        What is taken out of another value comes from the operator that does so.
        """
        syntax = self._syntax
        if source.is_imported or not (source.value or source.access):
            return None
        node = syntax.value(source.value)
        if source.access:
            code = self._code(node) if node else ""
            name = code + source.path or source.access
            span = syntax.span(node) if node else None
            return Definition(label="CALL", name=name, resolved_method=source.access, span=span)
        call = self._value_call(node)
        if call is None:
            return None
        type_name = self._types.of_value(source.value)
        return Definition(
            label="CALL",
            name=self._named(node, call),
            type_name=call.return_type if type_name == ANY else type_name,
            resolved_method=call.name if call.is_operator else call.resolved_method,
            span=syntax.span(node),
        )

    def _value_call(self, node: int) -> ObservedCall | None:
        """Return the call whose value a node is."""
        syntax, words = self._syntax, self._syntax.words
        kind = syntax.kind(node)
        if kind in words.factories:
            name = words.factories[kind]
            return None if syntax.first(node) else ObservedCall(name=name, resolved_method=name)
        if kind in words.spelled and not syntax.first(node):
            return None
        if kind in words.members:
            return ObservedCall(name=f"{OPERATOR}fieldAccess")
        is_call = kind in words.calls or kind in words.subscripts or kind in words.operators
        return self.observed(node) if is_call or kind in words.assignments else None

    def _looked_at(self, site: int) -> ObservedCall:
        syntax, words = self._syntax, self._syntax.words
        kind = syntax.kind(site)
        if kind in words.calls:
            call = words.calls[kind]
            return self._construction(site, site) if call.constructs else self._called(site, call)
        if kind in words.operators:
            return self._operated(site, words.operators[kind])
        if kind in words.subscripts:
            pair = words.subscripts[kind]
            return self._made(site, "indexAccess", [pair.first, pair.second])
        assigned = words.assignments.get(kind)
        fields = [] if assigned is None else [assigned.first, assigned.second]
        return self._made(site, "assignment", fields)

    def _made(self, site: int, name: str, fields: list[str]) -> ObservedCall:
        """Return an operator whose operands stand under fields."""
        parts = [self._syntax.part(site, field) for field in fields]
        return ObservedCall(
            name=f"{OPERATOR}{name}",
            parameter_types=tuple(self._types.of_value(part) if part else ANY for part in parts),
            span=self._syntax.span(site),
        )

    def _operated(self, site: int, operator: Operator) -> ObservedCall:
        syntax = self._syntax
        operands, token = [], ""
        for child in syntax.children(site):
            if syntax.kind(child) not in syntax.words.tokens:
                operands.append(child)
            elif not token:
                token = syntax.written(child, LONGEST_NAME)
        name = operator.name or operator.tokens.get(token, token)
        return ObservedCall(
            name=f"{OPERATOR}{name}",
            parameter_types=self._types_of(operands),
            span=syntax.span(site),
        )

    def _called(self, site: int, call: Call) -> ObservedCall:
        syntax = self._syntax
        callee = syntax.value(syntax.part(site, call.callee))
        name, resolved = self._callee(site, callee)
        made = self._types.instantiated(callee)
        return ObservedCall(
            name=name,
            resolved_method=made or resolved,
            parameter_types=self._types_of(self._arguments(site, call)),
            return_type=made or self._signatures.returns(resolved),
            span=syntax.span(site),
        )

    def _callee(self, site: int, callee: int) -> tuple[str, str | None]:
        """Return what a call is of: the name, and the full name where that is known."""
        syntax, words = self._syntax, self._syntax.words
        kind = syntax.kind(callee) if callee else ""
        if kind in words.names:
            binding = self._bindings.get(callee)
            name = syntax.written(callee, LONGEST_NAME)
            return name, self._signatures.full_name(binding.made) if binding else None
        pair = words.members.get(kind) or words.subscripts.get(kind)
        if pair is None:
            # What is called is itself a value: a call, a function written there.
            return (syntax.written(callee, LONGEST_NAME) if kind in words.keywords else ""), None
        member = syntax.part(callee, pair.second)
        name = syntax.written(member, LONGEST_NAME).strip("'\"`") if member else ""
        own = self._signatures.of_owner(site, name)
        receiver = syntax.name(syntax.part(callee, pair.first))
        if own or not receiver:
            return name, own
        return name, self._signatures.of_type(self._types.of_value(receiver), name)

    def _construction(self, made: int, site: int) -> ObservedCall:
        """Return a constructor."""
        call = self._syntax.words.calls[self._syntax.kind(made)]
        type_name = self._types.constructed(made)
        is_ours = "::" in type_name
        return ObservedCall(
            name=self._types.class_named(made),
            resolved_method=type_name if is_ours else None,
            parameter_types=self._types_of(self._arguments(made, call)),
            return_type=type_name,
            span=self._syntax.span(site),
        )

    def _arguments(self, site: int, call: Call) -> list[int]:
        syntax = self._syntax
        arguments = syntax.part(site, call.arguments)
        if not arguments or syntax.kind(arguments) not in syntax.words.argument_lists:
            return []
        return syntax.children(arguments)

    def _types_of(self, values: list[int]) -> tuple[str, ...]:
        """Return the types of some values."""
        named = self._syntax.words.named_arguments
        found = []
        for value in values[:MOST_PARAMETERS]:
            pair = named.get(self._syntax.kind(value))
            part = value if pair is None else self._syntax.part(value, pair.second)
            found.append(self._types.of_value(part) if part else ANY)
        return tuple(found)

    def _code(self, node: int) -> str:
        """Return the code of a call up to its first parenthesis."""
        return self._syntax.written(node, LONGEST_CODE).partition("(")[0].rstrip()

    def _named(self, node: int, call: ObservedCall) -> str:
        """Return what a call is called as the origin of a value; never nothing."""
        if self._syntax.kind(node) in self._syntax.words.spelled:
            return call.name
        code = self._code(node) or call.name
        return code or self._syntax.written(node, LONGEST_NAME)
