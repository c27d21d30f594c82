"""Refuses JSON in which an object names a key twice.

The parser would take the last value and drop the others without a word, while a proxy, a log or another parser may
have read the first (RFC 8259, 4: what then happens "is unpredictable"). One compiled pass over the bytes finds every
body that may have such an object; only those are read once more, in full.
"""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled, inlined
from serving.wire.errors import Problem, RequestError

_DEEPEST = 64
_MOST_KEYS = 256  # each new key is held against those before it: a longer object is read the other way
_OUTSIDE, _INSIDE, _ESCAPED = 0, 1, 2  # a text; after a backslash in one
_PRIME, _BASIS = 1_099_511_628_211, -3_750_763_034_362_895_579  # FNV-1a, 64 bits
_QUOTE, _BACKSLASH, _COLON, _OPEN, _CLOSE = (ord(one) for one in '"\\:{}')


class _TwiceError(ValueError):
    pass


def refuse(body: bytes) -> None:
    """Raise RequestError where an object of the body has a key twice. What is no JSON at all is let through."""
    if _suspicious(np.frombuffer(body, np.uint8)):
        try:
            json.loads(body.decode(), object_pairs_hook=_once, parse_int=len, parse_float=len, parse_constant=len)
        except _TwiceError:
            message = "an object of the body names a key twice; name each key once"
            raise RequestError(Problem.INVALID_JSON, message) from None
        except (ValueError, RecursionError):
            return


def _once(pairs: Sequence[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _TwiceError


@compiled
def _suspicious(body: npt.NDArray[np.uint8]) -> bool:
    """Whether an object may have a key twice: by hash, or because it is too deep, too long, or has escapes in keys."""
    keys, begins = np.empty(_DEEPEST * _MOST_KEYS, np.int64), np.empty(_DEEPEST + 1, np.int64)
    depth, count, text, escapes, hashed = 0, 0, _OUTSIDE, False, np.int64(_BASIS)
    for place in range(body.size):
        byte = body[place]
        if text != _OUTSIDE:
            escapes = escapes or byte == _BACKSLASH
            hashed = (hashed ^ np.int64(byte)) * _PRIME
            text = _after(text, byte)
        elif byte == _QUOTE:
            text, escapes, hashed = _INSIDE, False, np.int64(_BASIS)
        elif byte == _COLON and depth > 0:  # what was read last is a key; with escapes it can be written in many ways
            full = count - begins[depth] == _MOST_KEYS
            if full or escapes or _among(keys, begins[depth], count, hashed):
                return True
            keys[count] = hashed
            count += 1
        elif byte == _OPEN:
            depth += 1
            if depth > _DEEPEST:
                return True
            begins[depth] = count
        elif byte == _CLOSE and depth > 0:
            count = begins[depth]
            depth -= 1
    return False


@inlined
def _after(text: int, byte: int) -> int:
    """Where in a text, or outside, one is after this byte of it."""
    if text == _ESCAPED or (byte != _BACKSLASH and byte != _QUOTE):  # noqa: PLR1714  # compiled
        return _INSIDE
    return _ESCAPED if byte == _BACKSLASH else _OUTSIDE


@inlined
def _among(keys: npt.NDArray[np.int64], begin: int, end: int, hashed: np.int64) -> bool:
    for place in range(begin, end):  # noqa: SIM110  # a generator cannot be compiled
        if keys[place] == hashed:
            return True
    return False
