"""Which variable a name means: scopes, and the bindings they hold.

Every binding is a *key*, an index into the environment of :mod:`.state`. A name that no
open scope declares gets a tentative key in its function: it turns out later to be the
function's own (assigned here), captured from an enclosing function, or free.
"""

from dataclasses import dataclass, field

from tidemill.source.dataflow.limits import MAX_SCOPES, too_large

__all__ = ["Scope", "Scopes"]


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """A region of names.

    Attributes:
        parent: The scope around it.
        function: The nearest enclosing function scope (itself, if it is one).
        is_class: Class bodies are invisible to the functions inside them, unless they are
            isolated themselves (Ruby, where methods are as well, but blocks are not).
        names: Key of each name.
        tentative: Keys in ``names`` that nothing here declares so far.
        outer_names: Names declared ``global`` or ``nonlocal`` here.
        isolated: Whether names of enclosing functions are invisible (PHP closures),
            except those in ``shared``.
        born: How many bindings there were when the function began.
        shares_receiver: Whether the receiver here is that of the function around.
        depth: How many scopes are around it.
    """

    parent: "Scope | None"
    is_class: bool = False
    names: dict[bytes, int] = field(default_factory=dict)
    function: "Scope" = field(init=False)
    tentative: set[int] = field(default_factory=set)
    outer_names: set[bytes] = field(default_factory=set)
    isolated: bool = False
    shared: set[bytes] = field(default_factory=set)
    born: int = 0
    shares_receiver: bool = False

    depth: int = 0

    def __post_init__(self) -> None:
        self.function = self
        if self.parent is not None:
            self.function, self.depth = self.parent.function, self.parent.depth + 1
            if self.depth > MAX_SCOPES:
                raise too_large(f"scopes more than {MAX_SCOPES:,} deep")


class Scopes:
    """All scopes of one unit; ``current`` is where the walk stands.

    ``outermost`` is the unit's own function, where it is one.
    Where they are ``ordered``, a function sees only what was declared before it.
    """

    __slots__ = ("_env", "current", "functions", "globals", "names", "ordered", "outermost")

    def __init__(self, env: list[int]) -> None:
        self._env = env
        self.names: list[bytes] = []
        self.globals: dict[bytes, int] = {}
        self.functions: list[Scope] = []
        self.ordered: bool = False
        self.current: Scope = self.open_function(None)
        self.outermost: Scope = self.current

    def new_key(self, name: bytes) -> int:
        """Return a fresh key for a binding called ``name``."""
        self._env.append(0)
        self.names.append(name)
        return len(self._env) - 1

    def open_function(self, parent: Scope | None) -> Scope:
        """Return a new function scope inside ``parent``."""
        scope = Scope(parent=parent)
        scope.function = scope
        scope.born = len(self.names)
        self.functions.append(scope)
        return scope

    def key(self, name: bytes) -> int:
        """Return the key that a use of ``name`` means here."""
        scope = self.current
        function = scope.function
        while scope is not function:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent  # type: ignore[assignment]  # a function scope ends the chain
        found = function.names.get(name)
        if found is None:
            found = function.names[name] = self.new_key(name)
            function.tentative.add(found)
        return found

    def receiver(self, name: bytes) -> int:
        """Return the key of the receiver, or of its variable ``name``, as seen from here.

        A function that shares the receiver captures it from the nearest one that does not.
        """
        scope = self.current.function
        found = scope.names.get(name)
        if found is not None:
            return found
        key = scope.names[name] = self.new_key(name)
        while scope.shares_receiver and scope.parent is not None:
            scope.tentative.add(scope.names[name])
            scope.shared.add(name)
            scope = scope.parent.function
            if name in scope.names:
                break
            scope.names[name] = self.new_key(name)
        return key

    def is_local(self, name: bytes) -> bool:
        """Whether an open scope of this function, or one around it, declares ``name``."""
        scope: Scope | None = self.current
        limit = len(self.names)
        while scope is not None:
            found = scope.names.get(name)
            if found is not None and found < limit and found not in scope.tentative:
                return True
            if scope.isolated and name not in scope.shared:
                return False
            if self.ordered and scope is scope.function:
                limit = scope.born
            scope = scope.parent
        return False

    def declare(self, name: bytes, *, in_function: bool = False) -> int:
        """Declare ``name`` in this scope or function, and return its key."""
        scope = self.current.function if in_function else self.current
        found = scope.names.get(name)
        if found is None:
            found = scope.names[name] = self.new_key(name)
        else:
            scope.tentative.discard(found)
        return found

    def assigned(self, name: bytes, rule: str | None) -> int:
        """Return the key that an assignment to ``name`` defines, by the language's rule."""
        scope = self.current
        function = scope.function
        if rule is None or name in function.outer_names or name in function.shared:
            return self.key(name)
        if rule == "visible":
            if self.is_local(name):
                return self.key(name)
            return self.declare(name, in_function=not scope.is_class)
        if scope.is_class:
            return self.declare(name)
        return self.declare(name, in_function=True)

    def mark_outer(self, name: bytes, *, is_global: bool) -> None:
        """Let ``name`` mean a global, or a variable of an enclosing function."""
        scope = self.current
        scope.function.outer_names.add(name)
        if is_global:
            key = self.globals.get(name)
            if key is None:
                key = self.globals[name] = self.new_key(name)
        else:
            key = self.new_key(name)
            scope.function.tentative.add(key)
        scope.names[name] = key
        scope.function.names[name] = key

    def owner_of(self, scope: Scope, name: bytes) -> int | None:
        """Return the key of ``name`` in the functions around ``scope``, if one binds it.

        A name that none binds is free: the same variable wherever it is free in the unit.
        """
        if scope.isolated and name not in scope.shared:
            return None
        around = scope.parent
        while around is not None:
            found = around.names.get(name)
            hidden = around.is_class and not around.isolated
            if found is not None and found not in around.tentative and not hidden:
                return found
            if around.isolated and name not in around.shared:
                return self.globals.get(name)
            around = around.parent
        found = self.globals.get(name)
        return self._free(name) if found is None else found

    def _free(self, name: bytes) -> int | None:
        """Return the key of a free name in the outermost function, unless it binds it."""
        names, tentative = self.outermost.names, self.outermost.tentative
        found = names.get(name)
        if found is None:
            found = names[name] = self.new_key(name)
            tentative.add(found)
        return found if found in tentative else None
