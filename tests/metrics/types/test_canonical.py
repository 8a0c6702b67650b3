"""Normal forms and heads of types."""

import gc
import itertools
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import InputError
from tidemill.metrics.types.canonical import canonical, head
from tidemill.metrics.types.reading import LONGEST_TYPE, MOST_NESTED, read_type

# Written by hand from the grammar of types in TypeScript 5.9's handbook.
FORMS = [
    ("string", "string", "string"),
    (" A . B ", "A.B", "A.B"),
    ("Map<K,V>", "Map<K, V>", "Map"),
    ("Promise<Array<string>>", "Promise<string[]>", "Promise"),
    ("A<B<C<D>>>", "A<B<C<D>>>", "A"),
    ("Array<A|B>", "(A | B)[]", "array"),
    ("ReadonlyArray<X>", "readonly X[]", "array"),
    ("readonly  X[]", "readonly X[]", "array"),
    ("Array<ReadonlyArray<X>>", "(readonly X[])[]", "array"),
    ("Array", "Array", "array"),
    ("array", "array", "array"),
    ("X[][]", "X[][]", "array"),
    ("((A))", "A", "A"),
    ("((A)[])", "A[]", "array"),
    ("A[] | undefined", "A[] | undefined", "array"),
    ("null | undefined", "null | undefined", "null | undefined"),
    ("| B | A", "A | B", "A | B"),
    ("(A|B)|A|C", "A | B | C", "A | B | C"),
    ("A | A", "A", "A"),
    ("B & A & (A & B)", "A & B", "intersection"),
    ("A & (C | B)", "(B | C) & A", "intersection"),
    ("null | (() => void)", "(() => void) | null", "function"),
    ("undefined|'b'|\"a\"", '"a" | "b" | undefined', "literal"),
    ("import('../x').X<T>", "X<T>", "X"),
    ('import("x")', 'import("x")', "import"),
    ("typeof import('x').y.z", "typeof y.z", "typeof"),
    ("typeof  x", "typeof x", "typeof"),
    ("keyof (A | B)", "keyof (A | B)", "keyof"),
    ("(keyof T)[]", "(keyof T)[]", "array"),
    ("keyof T[]", "keyof T[]", "keyof"),
    ("unique symbol", "unique symbol", "symbol"),
    ("T['a'][ 'b' ]", 'T["a"]["b"]', "indexed"),
    ("T[K][]", "T[K][]", "array"),
    ("[ ]", "[]", "tuple"),
    ("[a:string,b?:number,...c:X[]]", "[a: string, b?: number, ...c: X[]]", "tuple"),
    ("[A?,...B[],]", "[A?, ...B[]]", "tuple"),
    ("(x:number,...y:A[])=>(z)=>void", "(x: number, ...y: A[]) => (z) => void", "function"),
    ("abstract new<T>()=>T", "abstract new <T>() => T", "function"),
    (
        "<const T extends A=B>(x?: T)=>x is  T",
        "<const T extends A = B>(x?: T) => x is T",
        "function",
    ),
    ("asserts x is (T)", "asserts x is T", "predicate"),
    ("asserts x", "asserts x", "predicate"),
    ("this", "this", "this"),
    ("-1", "-1", "literal"),
    ("'it\\'s \"q\"'", '"it\'s \\"q\\""', "literal"),
    ("`a${B}  c`", "`a${B}  c`", "literal"),
    ("true", "true", "literal"),
    ("null", "null", "null"),
    ("{}", "{}", "object"),
    ("object", "object", "object"),
    ("{a:string,b?:Array<X>,}", "{ a: string; b?: X[] }", "object"),
    ("{ a: { b: string; }; }", "{ a: { b: string } }", "object"),
    ("{a(x: T):void;new(x):Y;(z):q}", "{ a(x: T): void; new (x): Y; (z): q }", "object"),
    ("{get x():T;set x(v);readonly y:Z}", "{ get x(): T; set x(v); readonly y: Z }", "object"),
    ("{[key:string]:A}", "{ [key: string]: A }", "object"),
    (
        "{-readonly[K in keyof T as `a${K}`]-?:T[K]}",
        "{ -readonly [K in keyof T as `a${K}`]-?: T[K] }",
        "object",
    ),
    ("({a,b:{c}}:X)=>void", "({ a; b: { c } }: X) => void", "function"),
    ("A extends B?C:D extends E?F:G", "A extends B ? C : D extends E ? F : G", "conditional"),
    ("T extends (infer U)[]?U:never", "T extends (infer U)[] ? U : never", "conditional"),
    (
        "A extends{b:infer C extends(D)}?C:E",
        "A extends { b: infer C extends D } ? C : E",
        "conditional",
    ),
    ("A extends[infer B extends C]?B:D", "A extends [infer B extends C] ? B : D", "conditional"),
    ("(()=>A) extends B?C:(D|E)", "(() => A) extends B ? C : D | E", "conditional"),
    ("A /* of */ | // or\n B", "A | B", "A | B"),
    ("Operator.fλ", "Operator.fλ", "Operator.fλ"),
]


@pytest.mark.parametrize(("text", "form", "name"), FORMS, ids=[form[0] for form in FORMS])
def test_normal_form_and_head(text: str, form: str, name: str) -> None:
    assert read_type(text).text == form
    assert canonical(text) == form
    assert canonical(form) == form
    assert head(text) == head(form) == name


def test_the_end_of_a_line_ends_a_member_where_nothing_else_can_be_meant() -> None:
    text = """{
        a: string
        b(x: A): void
        c
        [key: string]: any
        readonly d: {
            e: F
        }
        type:
            | A
            | B
        new (): X
        <T>(z: T): q
        g: Promise<
            H
        >
        -readonly [K in T]: X
    }"""
    assert canonical(text) == (
        "{ a: string; b(x: A): void; c; [key: string]: any; readonly d: { e: F }; "
        "type: A | B; new (): X; <T>(z: T): q; g: Promise<H>; -readonly [K in T]: X }"
    )


@pytest.mark.parametrize(
    ("text", "form", "name"),
    [
        ("", "", ""),
        ("  ?  string ", "? string", "? string"),
        ("... 12 more ...", "... 12 more ...", "... 12 more ..."),
        ("Map<string,  ", "Map<string,", "Map"),
        ("A | () => B", "A | () => B", "A | () => B"),
        ("a b", "a b", "a b"),
        ("'open", "'open", "'open"),
        ("a.", "a.", "a."),
        ("A extends B", "A extends B", "A extends B"),
        ("a..b", "a..b", "a..b"),
        ("A]", "A]", "A]"),
        ("()", "()", "()"),
        ("F<>", "F<>", "F"),
        ("{a | b: C}", "{a | b: C}", "{a | b: C}"),
        ("T[A, B]", "T[A, B]", "T[A, B]"),
        ("<T U = V>() => T", "<T U = V>() => T", "<T U = V>() => T"),
        ("#", "#", "#"),
        ("Array<keyof>", "Array<keyof>", "array"),
        ("typeof", "typeof", "typeof"),
        ("(A", "(A", "(A"),
        ("keyof " * 70 + "T", "keyof " * 70 + "T", "keyof " * 70 + "T"),
    ],
)
def test_what_is_no_type_keeps_its_text(text: str, form: str, name: str) -> None:
    with pytest.raises(InputError):
        read_type(text)
    assert canonical(text) == form
    assert head(text) == name


def test_a_character_of_no_type_is_named_with_its_column() -> None:
    with pytest.raises(InputError, match="no type holds '#' there") as caught:
        read_type("A | #")
    assert caught.value.column == 5


def test_depth_is_bounded() -> None:
    deepest = "X<" * (MOST_NESTED - 1) + "A" + ">" * (MOST_NESTED - 1)
    assert canonical(deepest) == deepest
    deeper = f"Array<{deepest}>"
    assert canonical(deeper) == deeper
    assert head(deeper) == "array"


def repeated(text: str, length: int) -> str:
    return text * (length // len(text))


@pytest.mark.parametrize(
    ("unit", "end"),
    [
        ("(", ""),
        ("[", ""),
        ("A | ", "B"),
        ("A & ", "B"),
        ("A extends B ? C : ", "D"),
        ("() => ", "A"),
        ("x is ", "A"),
        ("asserts ", "x"),
        ("keyof ", "A"),
        ("[]", ""),
        ("{ a: B }, ", ""),
        ("/*", ""),
        ("1_", ""),
        (".", ""),
        ('"', ""),
    ],
)
def test_hostile_texts_cost_in_proportion_to_their_length(unit: str, end: str) -> None:
    def cost(length: int) -> float:
        text = repeated(unit, length) + end
        begun = time.process_time()
        canonical(text)
        return time.process_time() - begun

    # What other tests have left to be collected is none of the cost; nor is a text's second
    # reading, which is remembered.
    gc.collect()
    long = min(cost(LONGEST_TYPE - 16 - turn) for turn in range(2))
    # Eight times the length costs 64 times as much where the cost is quadratic.
    assert long < 30 * cost(LONGEST_TYPE // 8) + 0.5


def test_what_is_too_long_is_not_read() -> None:
    text = repeated("A | ", LONGEST_TYPE + 100) + "A"
    assert canonical(text) == text
    with pytest.raises(InputError, match="characters is not read"):
        read_type(text)


ALPHABET = st.sampled_from([*"AB ab|&<>(){}[].,;:?=+-'\"`\n#1", " extends ", "=>", "keyof ", "in "])
NOISE = st.lists(ALPHABET, max_size=24).map("".join)


@given(st.one_of(NOISE, st.text(max_size=30)))
def test_any_text_has_a_normal_form_that_is_its_own(text: str) -> None:
    form = canonical(text)
    assert canonical(form) == form
    assert head(form) == head(text)
    assert head(head(text)) == head(text)


NAMES = st.sampled_from(["A", "B", "string", "ns.C", "null", '"x"', "7", "this"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Types around types, in parentheses wherever these are allowed."""
    enclosed = inner.map("({})".format)
    return st.one_of(
        st.lists(enclosed, min_size=1, max_size=4).map(" | ".join),
        st.lists(enclosed, min_size=1, max_size=4).map(" & ".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"M<{', '.join(parts)}>"),
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        inner.map("Array<{}>".format),
        inner.map("ReadonlyArray<{}>".format),
        enclosed.map("{}[]".format),
        enclosed.map("keyof {}".format),
        st.tuples(inner, inner).map(lambda pair: f"(x: {pair[0]}) => {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"{{ a: {pair[0]}; b?: {pair[1]} }}"),
        st.tuples(enclosed, enclosed, inner, inner).map(
            lambda four: "{} extends {} ? ({}) : ({})".format(*four)
        ),
    )


TYPES = st.recursive(NAMES, larger, max_leaves=12)


@given(TYPES)
def test_a_type_is_read_and_its_normal_form_is_its_own(text: str) -> None:
    form = read_type(text).text
    assert read_type(form).text == form
    assert read_type(f"({text})").text == form
    assert head(form) == head(text)


@given(TYPES, st.randoms(use_true_random=False))
def test_layout_does_not_matter(text: str, chance: random.Random) -> None:
    loose = "".join(
        part + chance.choice(["", " ", "  ", "\n", " /* x */ "]) * (part in "|&<>()[]:,?")
        for part in text
    )
    # The arrow is one sign; blanks around brackets in it are none of ours to set.
    loose = loose.replace("=> ", "=>").replace("=>/* x */", "=>")
    # Before a bracket a line break ends a member.
    loose = re.sub(r"\n(?=(?:\s|/\* x \*/)*\[)", " ", loose)
    assert canonical(loose.replace("=>\n", "=> ")) == canonical(text)


@given(st.lists(TYPES, min_size=1, max_size=4))
def test_the_order_and_number_of_members_do_not_matter(members: list[str]) -> None:
    for sign in (" | ", " & "):
        forms = {
            canonical(sign.join(f"({member})" for member in [*order, order[0]]))
            for order in itertools.islice(itertools.permutations(members), 3)
        }
        assert len(forms) == 1
