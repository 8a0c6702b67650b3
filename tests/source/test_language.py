"""Which language a file is written in."""

import dataclasses

import pytest

from tidemill.source.language import LANGUAGES, language_of, registry

BY_NAME = [
    ("a.py", "python"),
    ("dir/a.PYI", "python"),
    ("a.mjs", "javascript"),
    ("a.jsx", "javascript"),
    ("a.d.ts", "typescript"),
    ("a.tsx", "tsx"),
    ("A.java", "java"),
    ("A.cs", "csharp"),
    ("a.go", "go"),
    ("Rakefile", "ruby"),
    ("C:\\x\\a.rb", "ruby"),
    ("a.php", "php"),
    ("a.c", "c"),
    ("a.C", "cpp"),
    ("a.hpp", "cpp"),
    ("a.h", "c"),
    ("a.H", "cpp"),
]


@pytest.mark.parametrize(("name", "language"), BY_NAME)
def test_by_name(name: str, language: str) -> None:
    found = language_of(name)
    assert found is not None
    assert found.name == language


@pytest.mark.parametrize("name", ["a.txt", "a", ".py", "README.md", "a.rs", "", "py", "a.py.orig"])
def test_others_are_none(name: str) -> None:
    assert language_of(name) is None


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/usr/bin/env python3\nx = 1", "python"),
        (b"#!/usr/bin/env -S python3.11 -u\n", "python"),
        (b"#! /usr/local/bin/node --flag\n", "javascript"),
        (b"#!/usr/bin/env FOO=1 ruby\n", "ruby"),
        (b"#!/usr/bin/php8.2\n", "php"),
    ],
)
def test_by_interpreter(line: bytes, language: str) -> None:
    found = language_of("bin/tool", line)
    assert found is not None
    assert found.name == language


def test_other_interpreters_are_none() -> None:
    assert language_of("tool", b"#!/bin/sh\n") is None
    assert language_of("tool.txt", b"#!/usr/bin/python3\n") is None


@pytest.mark.parametrize(
    "head",
    [
        b"class A {\n",
        b"namespace a {\n",
        b"  template <class T>\n",
        b"#include <vector>\n",
        b"struct A {\n public:\n  int x;\n};",
        b"enum class E { A };\n",
    ],
)
def test_headers_of_cpp(head: bytes) -> None:
    assert language_of("a.h", head) is LANGUAGES["cpp"]


@pytest.mark.parametrize(
    "head",
    [
        b"int f(void);\n",
        b'#include <stdio.h>\n#ifdef __cplusplus\nextern "C" {\n#endif\n',
        b"/*\n * class of things: see using\n */\nstruct a;\n",
    ],
)
def test_headers_of_c(head: bytes) -> None:
    assert language_of("a.h", head) is LANGUAGES["c"]


def test_markup_with_a_code_ending_is_not_code() -> None:
    assert language_of("de.ts", b'<?xml version="1.0"?>\n<TS></TS>') is None
    assert language_of("a.php", b'<?xml version="1.0"?>\n<?php ?>') is LANGUAGES["php"]


def test_two_languages_cannot_claim_one_ending() -> None:
    rival = dataclasses.replace(LANGUAGES["go"], name="rival")
    with pytest.raises(ValueError, match=r"'\.go' is claimed by go and rival"):
        registry(LANGUAGES["go"], rival)
