"""JavaScript, TypeScript and TSX as one family."""

from tidemill.source.slices.ecmascript.rules import RULES
from tidemill.source.slices.ecmascript.user_types import type_names, user_types
from tidemill.source.slices.ecmascript.words import WORDS
from tidemill.source.slices.family import Family

__all__ = ["ECMASCRIPT"]

ECMASCRIPT = Family(words=WORDS, rules=RULES, type_names=type_names, user_types=user_types)
