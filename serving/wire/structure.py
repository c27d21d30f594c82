"""Refuses JSON of more values than any request needs, before they become Python's objects.

A byte of `[[],[],` or of `{"a":{"a":` becomes ten to sixty bytes of objects, made with the interpreter locked. One
compiled pass counts what each value but the first comes with: an opening bracket, or a comma.
"""

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled
from serving.wire.errors import Problem, RequestError

# Interactions of the fewest fields fill a body of 16 MiB with a million of them; at 160 bytes for each, the most
# that was seen for small objects within each other, so many are 240 MB.
MOST_MARKS = 1_500_000
_QUOTE, _BACKSLASH, _COMMA, _BRACKET, _BRACE = (ord(one) for one in '"\\,[{')


def refuse(body: bytes) -> None:
    """Raise RequestError where the body has more opening brackets and commas, outside texts, than MOST_MARKS."""
    if len(body) > MOST_MARKS and marks(body) > MOST_MARKS:
        message = f"the body has more than {MOST_MARKS:,} brackets and commas; send fewer leads at a time"
        raise RequestError(Problem.INVALID_REQUEST, message)


def marks(body: bytes) -> int:
    """Return how many there are; of a body that is no JSON, any number: the parser refuses it.

    >>> marks(b'{"a": [1, 2], "b": "[,"}')
    4
    """
    return _count(np.frombuffer(body, np.uint8))


@compiled
def _count(body: npt.NDArray[np.uint8]) -> int:
    count, place, text = 0, 0, False
    while place < len(body):
        byte = body[place]
        if byte == _QUOTE:
            text = not text
        elif byte == _BACKSLASH:
            place += 1
        elif not text and (byte == _COMMA or byte == _BRACKET or byte == _BRACE):  # noqa: PLR1714, SIM109  # compiled
            count += 1
        place += 1
    return count
