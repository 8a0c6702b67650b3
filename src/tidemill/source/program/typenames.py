"""The name of the class or interface in a type as it is written."""

import re

__all__ = ["last_part", "parameter_type_names", "type_name"]

NOTHING = frozenset({"null", "undefined", "void", "never", "any", "unknown", "object"})
LOOKED_THROUGH = frozenset(
    {"Promise", "PromiseLike", "Awaited", "Readonly", "Partial", "Required", "NonNullable"}
)
IMPORTED = re.compile(r"""import\(\s*["']([^"']+)["']\s*\)""")
NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\s*\.\s*[A-Za-z_$][\w$]*)*")
GENERIC = re.compile(r"([A-Za-z_$][\w$.]*)\s*<(.*)>\s*", re.DOTALL)
ARROW = "\N{RIGHTWARDS DOUBLE ARROW}"
"""What stands for an arrow where its sign would close a bracket."""

LONGEST = 2_000
DEEPEST = 8


def type_name(text: str) -> str | None:
    """Return the name that decides which methods there are, or None.

    Promises and ``Readonly`` are looked through, type arguments dropped, ``null`` left out
    of a union; a union of several, a literal, a function type have no such name.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    text = IMPORTED.sub(lambda found: _module(found[1]), text)
    for _ in range(DEEPEST):
        text = _single(text)
        generic = GENERIC.fullmatch(text)
        if generic is None or _is_several(generic[2]):
            break
        if generic[1] not in LOOKED_THROUGH:
            return generic[1]
        text = generic[2].strip()
    found = NAME.fullmatch(text)
    return None if found is None or text in NOTHING else "".join(text.split())


def parameter_type_names(text: str) -> tuple[str | None, ...]:
    """Return the names of the types of a function type's parameters; nothing for any other type.

    ``(error: Error | null, rows: Row[]) => void`` gives ``Error`` and None.
    """
    text = text.strip()
    if "=>" not in text or len(text) > LONGEST:
        return ()
    for _ in range(DEEPEST):
        end = _closing(text)
        if end < 0:
            return ()
        inside, after = text[1:end], text[end + 1 :].lstrip()
        if after.startswith("=>"):
            parts = [part.strip() for part in _parts(inside.replace("=>", ARROW), ",")]
            return tuple(_parameter(part.replace(ARROW, "=>")) for part in parts if part)
        text = inside.strip()
    return ()


def _parameter(text: str) -> str | None:
    name, colon, written = text.partition(":")
    is_one = bool(colon) and not name.lstrip().startswith("...")
    return type_name(written) if is_one else None


def _closing(text: str) -> int:
    """Return where the parenthesis closes that a text begins with, or -1."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0:
            return place if sign == ")" else -1
    return -1


def last_part(name: str) -> str:
    """Return the type's own name, without its module."""
    return name.rpartition(".")[2]


def _module(specifier: str) -> str:
    """Return the last part of a module's path as a name."""
    return re.sub(r"\W", "_", specifier.rstrip("/").rpartition("/")[2]) or "_"


def _single(text: str) -> str:
    """Return the one member of a union that is no ``null``; the text where there is none."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    text = text.removeprefix("?").removeprefix("!").strip()
    if "=>" in text or "|" not in text:
        return text
    members = [part.strip() for part in _parts(text, "|") if part.strip() not in NOTHING | {""}]
    return members[0] if len(members) == 1 else text


def _is_several(text: str) -> bool:
    """Whether ``A<B> | C<D>`` was taken for one generic type."""
    depth = 0
    for sign in text:
        depth += (sign == "<") - (sign == ">")
        if depth < 0:
            return True
    return False


def _parts(text: str, separator: str) -> list[str]:
    """Split at a sign outside of brackets."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "<([{") - (sign in ">)]}")
        if sign == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
