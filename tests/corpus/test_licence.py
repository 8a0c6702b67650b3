"""Licences: which are let in, and what packages say of themselves."""

import pytest

from tidemill.corpus.licence import PERMISSIVE, is_allowed, names_in, said_in


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0", True),
        ("GPL-3.0 OR MIT", True),
        ("MIT AND GPL-3.0", False),
        ("(MIT AND BSD-3-Clause)", True),
        ("GPL-2.0 AND MIT OR Apache-2.0", True),
        ("GPL-2.0", False),
        ("", False),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, PERMISSIVE) is allowed


def test_names_in_an_expression() -> None:
    assert names_in("(MIT OR GPL-3.0) AND ISC") == {"MIT", "GPL-3.0", "ISC"}


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a-1.dist-info/METADATA", "License-Expression: MIT\nLicense: GPL\n", {"MIT"}),
        ("METADATA", "Classifier: License :: OSI Approved :: BSD License\n", {"BSD-3-Clause"}),
        ("METADATA", "License: Apache License, Version 2.0\n", {"Apache-2.0"}),
        ("METADATA", "License: BSD 3-Clause License\n", {"BSD-3-Clause"}),
        ("METADATA", "License: see the file\n", set()),
        ("METADATA", "License: LGPLv3+\n", {"GPL"}),
        ("package/package.json", '{"license": "(MIT OR GPL-3.0)"}', {"MIT", "GPL"}),
        ("package.json", '{"license": {"type": "ISC", "url": "x"}}', {"ISC"}),
        ("package.json", "{}", set()),
        ("usr/share/doc/x/copyright", "Files: *\nCopyright: me\nLicense: Expat\n", {"MIT"}),
        (
            "usr/share/doc/x/copyright",
            "Files: *\nCopyright: a\nLicense: BSD-3-clause\n\nFiles: debian/*\nLicense: GPL-3\n",
            {"BSD-3-Clause"},
        ),
        (
            "usr/share/doc/x/copyright",
            "It is under the Apache License, Version 2.0.\n",
            {"Apache-2.0"},
        ),
        ("LICENSE", "Permission is hereby granted, free of charge, to any person", {"MIT"}),
        ("LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", {"GPL"}),
        ("COPYING", "Do what you like.", set()),
    ],
)
def test_what_a_package_says(path: str, text: str, names: set[str]) -> None:
    assert said_in(path, text) == names
