"""Types that every program can name, and what values of the commonest of them have.

From ECMAScript 2025 (ECMA-262, clauses 19 to 27) and TypeScript's handbook on utility types.
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["GLOBAL_TYPES", "MEMBERS"]

OBJECT = (
    "constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf"
)
ITERATOR = "next return throw map filter take drop flatMap reduce toArray forEach some every find"
SHARED_ARRAY = (
    "length at concat entries every filter find findIndex findLast findLastIndex flat flatMap"
    " forEach includes indexOf join keys lastIndexOf map reduce reduceRight slice some toReversed"
    " toSorted toSpliced values with"
)
ARRAY = f"{SHARED_ARRAY} copyWithin fill pop push reverse shift sort splice unshift"
STRING = (
    "length anchor at big blink bold charAt charCodeAt codePointAt concat endsWith fixed fontcolor"
    " fontsize includes indexOf isWellFormed italics lastIndexOf link localeCompare match matchAll"
    " normalize padEnd padStart repeat replace replaceAll search slice small split startsWith"
    " strike sub substr substring sup toLocaleLowerCase toLocaleUpperCase toLowerCase toUpperCase"
    " toWellFormed trim trimEnd trimLeft trimRight trimStart"
)
SET = (
    "size add clear delete difference entries forEach has intersection isDisjointFrom isSubsetOf"
    " isSupersetOf keys symmetricDifference union values"
)
DATE = (
    "getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime"
    " getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds"
    " getUTCMinutes getUTCMonth getUTCSeconds getYear setDate setFullYear setHours setMilliseconds"
    " setMinutes setMonth setSeconds setTime setUTCDate setUTCFullYear setUTCHours"
    " setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setYear toDateString toISOString"
    " toJSON toLocaleDateString toLocaleTimeString toTimeString toUTCString toGMTString"
)
REGEXP = (
    "compile dotAll exec flags global hasIndices ignoreCase lastIndex multiline source sticky test"
    " unicode unicodeSets"
)

_WORDS: Mapping[str, str] = {
    "string": STRING,
    "number": "toExponential toFixed toPrecision",
    "boolean": "",
    "bigint": "",
    "symbol": "description",
    "Array": ARRAY,
    "ReadonlyArray": SHARED_ARRAY,
    "Map": "size clear delete entries forEach get has keys set values",
    "ReadonlyMap": "size entries forEach get has keys values",
    "Set": SET,
    "ReadonlySet": "size entries forEach has keys values",
    "WeakMap": "delete get has set",
    "WeakSet": "add delete has",
    "Promise": "then catch finally",
    "RegExp": REGEXP,
    "Date": DATE,
    "Error": "name message stack cause",
    "Iterator": ITERATOR,
    "Generator": ITERATOR,
    "AsyncGenerator": "next return throw",
}

MEMBERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(f"{words} {OBJECT}".split()) for name, words in _WORDS.items()}
    | dict.fromkeys(("void", "undefined", "null", "never"), frozenset())
)
"""What a value of a type can be asked for, by the type's name."""

_OTHERS = """
    AggregateError ArrayBuffer ArrayLike AsyncIterable AsyncIterableIterator AsyncIterator Awaited
    BigInt64Array BigUint64Array Boolean Capitalize ConstructorParameters DataView EvalError
    Exclude Extract Float32Array Float64Array FinalizationRegistry InstanceType Int16Array
    Int32Array Int8Array Intl Iterable IterableIterator IteratorObject JSON Lowercase Math
    NonNullable Number Omit OmitThisParameter Parameters Partial Pick PromiseLike PropertyDescriptor
    PropertyKey Proxy RangeError Readonly Record ReferenceError RegExpExecArray RegExpMatchArray
    Required ReturnType SharedArrayBuffer String Symbol SyntaxError TemplateStringsArray
    ThisParameterType ThisType TypeError URIError Uint16Array Uint32Array Uint8Array
    Uint8ClampedArray Uncapitalize Uppercase WeakRef
"""

GLOBAL_TYPES: frozenset[str] = frozenset({*MEMBERS, *_OTHERS.split()})
"""Names that need no import, as far as the language itself defines them."""
