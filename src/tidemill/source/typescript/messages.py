"""What the compiler's messages say, whatever the order in which it looked at files."""

import re

__all__ = ["words_of"]

WORD = re.compile(r"[\w$.#\"]+")
ELIDED = " more ..."


def words_of(message: str) -> str:
    """Return the words of a message, in an order that does not change from run to run.

    On the order in which files are looked at hangs in which order the compiler names the parts of
    a union, and, of a long one, which parts it leaves out and which it goes on to explain. Of
    messages with such a type nothing is kept: their number and place say what they are.

    Args:
        message: As the compiler says it.
    """
    return "" if ELIDED in message else " ".join(sorted(WORD.findall(message)))
