"""What an encoder needs to know of somebody else's tokenizer: its ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from tidemill.core.errors import ExpertError, MissingExtraError
from tidemill.experts.documents import Facts, json_object

__all__ = ["Vocabulary", "byte_level_tokenizer", "ids_of", "vocabulary_of"]

SPECIALS: Mapping[str, tuple[str, ...]] = {
    "bos_token_id": ("<s>", "[CLS]"),
    "eos_token_id": ("</s>", "[SEP]"),
    "pad_token_id": ("<pad>", "[PAD]"),
    "unk_token_id": ("<unk>", "[UNK]"),
    "mask_token_id": ("<mask>", "[MASK]"),
}
"""How the tokens are written that an encoder treats in a way of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The ids of a tokenizer.

    Attributes:
        size: One more than the largest id.
        specials: The ids of the special tokens, by the config's field.
        words: How they are written, by the config's field.
    """

    size: int
    specials: Mapping[str, int]
    words: Mapping[str, str]


def vocabulary_of(data: bytes, *, where: str) -> Vocabulary:
    """Read the ids from a ``tokenizer.json``.

    Args:
        data: The file's bytes.
        where: The file, for messages.

    Raises:
        ExpertError: It is no tokenizer, or lacks a special token.
    """
    ids = ids_of(data, where=where)
    words = {name: _special(ids, forms, where) for name, forms in SPECIALS.items()}
    return Vocabulary(
        size=max(ids.values()) + 1,
        specials={name: ids[word] for name, word in words.items()},
        words=words,
    )


def ids_of(data: bytes, *, where: str) -> dict[str, int]:
    """Read every token and its id from a ``tokenizer.json``.

    Args:
        data: The file's bytes.
        where: The file, for messages.

    Raises:
        ExpertError: It is no tokenizer.
    """
    facts = Facts(fields=json_object(data, where=where), where=where)
    ids = _ids(facts.inner("model").fields.get("vocab"), where)
    for entry in facts.objects("added_tokens"):
        ids[str(entry.fields.get("content"))] = entry.whole("id")
    return ids


def _ids(vocabulary: object, where: str) -> dict[str, int]:
    """Return the ids by token; in one kind of tokenizer they are places in a list of pairs."""
    if isinstance(vocabulary, dict) and vocabulary:
        facts = Facts(fields=vocabulary, where=f"{where}: vocab")
        return {token: facts.whole(token) for token in vocabulary}
    if isinstance(vocabulary, list) and vocabulary:
        pairs = [entry for entry in vocabulary if isinstance(entry, list) and entry]
        return {str(entry[0]): number for number, entry in enumerate(pairs)}
    raise ExpertError(f"{where}: no tokenizer: it has no vocabulary")


def _special(ids: Mapping[str, int], forms: tuple[str, ...], where: str) -> str:
    for form in forms:
        if form in ids:
            return form
    raise ExpertError(f"{where}: the tokenizer has no token {' or '.join(forms)}")


def byte_level_tokenizer(vocab: bytes, merges: bytes, *, where: str) -> str:
    """Build the ``tokenizer.json`` of RoBERTa's kind from its two older files.

    Args:
        vocab: ``vocab.json``: ids by token.
        merges: ``merges.txt``: pairs of tokens, one a line, after a line with the version.
        where: The folder, for messages.

    Raises:
        ExpertError: The files are none of a byte-level tokenizer.
        MissingExtraError: The extra ``experts`` is not installed.
    """
    library = _library()
    facts = Facts(fields=json_object(vocab, where=f"{where}/vocab.json"), where=where)
    ids = {token: facts.whole(token) for token in facts.fields}
    specials = [_special(ids, forms[:1], where) for forms in SPECIALS.values()]
    try:
        pairs = [_pair(line) for line in merges.decode("utf-8").splitlines() if _is_pair(line)]
        model = library.Tokenizer(library.models.BPE(vocab=ids, merges=pairs))
    except Exception as error:  # the library raises plain Exception
        raise ExpertError(f"{where}: vocab.json and merges.txt do not fit: {error}") from error
    model.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = library.decoders.ByteLevel()
    model.post_processor = library.processors.RobertaProcessing(
        ("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=False
    )
    model.add_special_tokens(
        [
            library.AddedToken(token, lstrip=token == "<mask>", special=True)  # noqa: S105  no secret
            for token in sorted(specials, key=ids.__getitem__)
        ]
    )
    return str(model.to_str(pretty=False))


def _is_pair(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#version")


def _pair(line: str) -> tuple[str, str]:
    first, _, second = line.partition(" ")
    return first, second


def _library() -> ModuleType:
    try:
        import tokenizers  # noqa: PLC0415  an extra, and only older folders need it
    except ImportError as error:
        raise MissingExtraError("building a tokenizer", extra="experts") from error
    return tokenizers
