"""Labelled files, parsed."""

from tidemill.corpus.typed.labelled import LabelledFile
from tidemill.models.typed.uses import SitedFile
from tidemill.source.annotations.finding import sites_of
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse

__all__ = ["sited_file"]


def sited_file(row: LabelledFile) -> SitedFile:
    """Parse a labelled file.

    Args:
        row: The file.
    """
    tree = parse(row.file.code.encode(), LANGUAGES[row.file.language])
    return SitedFile(path=row.file.path, tree=tree, sites=sites_of(tree))
