"""What the compiler's messages say, whatever the order in which it looked at files."""

import re

__all__ = ["gist_of"]

WORD = re.compile(r"[\w$.#\"]+")
ELIDED = " more ..."
NOT_FOUND = re.compile(
    r"(?:Cannot find name(?:space)?|No value exists in scope for the shorthand property) '([^']*)'"
)
CANNOT_FIND_NAME = 2304


def gist_of(code: int, message: str) -> tuple[int, str]:
    """Return the number and the words of a message, as they do not change from run to run.

    On the order in which files are looked at hangs in which order the compiler names the parts of
    a union, and, of a long one, which parts it leaves out and which it goes on to explain. Of
    messages with such a type no word is kept: their number and place say what they are. So hangs
    for which ten names that it cannot find it looks for others that may be meant, which is a
    message of another number.

    Args:
        code: The compiler's number of it.
        message: As the compiler says it.
    """
    missing = NOT_FOUND.match(message)
    if missing is not None:
        return CANNOT_FIND_NAME, missing[1]
    return code, "" if ELIDED in message else " ".join(sorted(WORD.findall(message)))
