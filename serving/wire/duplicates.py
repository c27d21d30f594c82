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
_PRIME, _BASIS = 1_099_511_628_211, -3_750_763_034_362_895_579  # FNV-1a, 64 bits
_QUOTE, _BACKSLASH, _COLON, _OPEN, _CLOSE, _SPACE = (ord(one) for one in '"\\:{} ')


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


@inlined
def _closing(body: npt.NDArray[np.uint8], place: int) -> int:
    """Where the string that begins here ends: at its closing quote, or at the end of all."""
    while place < len(body) and body[place] != _QUOTE:
        place += 2 if body[place] == _BACKSLASH else 1
    return place


@inlined
def _after_space(body: npt.NDArray[np.uint8], place: int) -> int:
    while place < len(body) and body[place] <= _SPACE:
        place += 1
    return place


@inlined
def _hash(body: npt.NDArray[np.uint8], begin: int, end: int) -> np.int64:
    """The string's FNV-1a; 0 where it has escapes, with which one key can be written in many ways."""
    hashed = np.int64(_BASIS)
    for place in range(begin, end):
        if body[place] == _BACKSLASH:
            return np.int64(0)
        hashed = (hashed ^ np.int64(body[place])) * _PRIME
    return hashed


@inlined
def _among(keys: npt.NDArray[np.int64], begin: int, end: int, hashed: np.int64) -> bool:
    for place in range(begin, end):  # noqa: SIM110  # a generator cannot be compiled
        if keys[place] == hashed:
            return True
    return False


@compiled
def _suspicious(body: npt.NDArray[np.uint8]) -> bool:
    """Whether an object may have a key twice: by hash, or because it is too deep, too long, or has escapes in keys."""
    keys, begins = np.empty(_DEEPEST * _MOST_KEYS, np.int64), np.empty(_DEEPEST + 1, np.int64)
    depth, count, place = 0, 0, 0
    while place < len(body):
        byte = body[place]
        place += 1
        if byte == _OPEN:
            depth += 1
            if depth > _DEEPEST:
                return True
            begins[depth] = count
        elif byte == _CLOSE and depth > 0:
            count = begins[depth]
            depth -= 1
        elif byte == _QUOTE:
            begin, end = place, _closing(body, place)
            place = _after_space(body, end + 1)
            if place < len(body) and body[place] == _COLON and depth > 0:
                hashed = _hash(body, begin, end)
                full = count - begins[depth] == _MOST_KEYS
                if full or hashed == 0 or _among(keys, begins[depth], count, hashed):
                    return True
                keys[count] = hashed
                count += 1
    return False
