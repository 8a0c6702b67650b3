"""What an editor can do about a place without a type."""

from collections.abc import Sequence

from lsprotocol import types

from tidemill.faces.lsp.annotating import Annotation
from tidemill.faces.lsp.documents import Document
from tidemill.faces.lsp.hints import position_of
from tidemill.faces.lsp.markdown import percent

__all__ = ["KINDS", "all_action", "edit_of", "kind_for", "one_action", "open_all_action"]

KINDS = (types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorRewrite)
LONGEST_TITLE = 60


def kind_for(
    only: Sequence[str | types.CodeActionKind] | None, *, is_first: bool
) -> types.CodeActionKind | None:
    """Return the kind under which an action is offered; None where the editor wants none of it.

    Args:
        only: Kinds that are wanted, those below them as well; None for all.
        is_first: Whether it is the best that can be done.
    """
    usual = types.CodeActionKind.RefactorRewrite
    order = (types.CodeActionKind.QuickFix, usual) if is_first else (usual,)
    for kind in order:
        if only is None or any(_is_below(kind.value, _value(wanted)) for wanted in only):
            return kind
    return None


def one_action(
    document: Document,
    annotation: Annotation,
    *,
    kind: types.CodeActionKind,
    is_first: bool,
    with_versions: bool,
) -> types.CodeAction:
    """Return the action that inserts a type.

    Args:
        document: The file, whose present text the annotation is for.
        annotation: The type.
        kind: Of the action.
        is_first: Whether it is the best that can be done.
        with_versions: Whether the editor understands edits of versions.
    """
    (offer,) = annotation.offers.values()
    text = offer.type.text
    short = text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…"
    mark = "" if annotation.is_checked else ", not checked"
    return types.CodeAction(
        title=f"Insert annotation: {short} ({percent(offer.confidence)}{mark})",
        kind=kind,
        is_preferred=is_first and annotation.is_checked,
        edit=edit_of(document, annotation, with_versions=with_versions),
    )


def open_all_action(document: Document, key: str, count: int) -> types.CodeAction:
    """Return the action that inserts all types of a file, to be worked out when it is chosen.

    Args:
        document: The file.
        key: Of its present text.
        count: Types that are known.
    """
    return types.CodeAction(
        title=f"Insert up to {count:,} annotations in this file",
        kind=types.CodeActionKind.RefactorRewrite,
        data={"uri": document.uri, "key": key},
    )


def all_action(
    document: Document, annotation: Annotation, *, with_versions: bool
) -> types.CodeAction:
    """Return the action that inserts all types of a file that can be.

    Args:
        document: The file, whose present text the annotation is for.
        annotation: The types.
        with_versions: Whether the editor understands edits of versions.
    """
    mark = "" if annotation.is_checked else " (not checked)"
    return types.CodeAction(
        title=f"Insert all {len(annotation.offers):,} annotations in this file{mark}",
        kind=types.CodeActionKind.RefactorRewrite,
        edit=edit_of(document, annotation, with_versions=with_versions),
    )


def edit_of(
    document: Document, annotation: Annotation, *, with_versions: bool
) -> types.WorkspaceEdit:
    """Return what an annotation does to a file.

    Args:
        document: The file, whose present text the annotation is for.
        annotation: What is inserted.
        with_versions: Whether the editor understands edits of versions.
    """
    edits = [
        types.TextEdit(
            range=types.Range(
                start=position_of(document, one.at), end=position_of(document, one.at)
            ),
            new_text=one.text.decode("utf-8", "replace"),
        )
        for one in annotation.insertions
    ]
    if not with_versions:
        return types.WorkspaceEdit(changes={document.uri: edits})
    name = types.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=name, edits=list(edits))]
    )


def _is_below(kind: str, wanted: str) -> bool:
    return not wanted or kind == wanted or kind.startswith(f"{wanted}.")


def _value(kind: str | types.CodeActionKind) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind
