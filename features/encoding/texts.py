"""Arrow's texts as compiled code reads them, straight from their buffers."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from histories.compiled import compiled

_WORD = 8
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
# Whole numbers of Python are signed to the compiler, and signed places are looked up as if they might be negative.
_1, _2, _3, _4, _5, _6, _7 = (np.uint64(place) for place in range(1, 8))
_8, _16, _24, _32, _40, _48, _56 = (np.uint64(bits) for bits in range(8, 64, 8))


class Texts(NamedTuple):
    """Text i is `data[offsets[i] : offsets[i + 1]]`, UTF-8. Read-only, so that one compiled version serves all."""

    offsets: NDArray[Any]  # int32 or int64
    data: NDArray[np.uint8]


def texts(array: pa.Array) -> Texts:
    """Return an array of texts without a copy of them, where it is `string` or `large_string`. A null has any text."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        array = array.cast(pa.large_string())
    width = np.int32 if pa.types.is_string(array.type) else np.int64
    _, offsets, data = array.buffers()
    if offsets is None or offsets.size == 0:
        return Texts(_read_only(np.zeros(1, dtype=width)), _read_only(np.empty(0, dtype=np.uint8)))
    bounds = np.frombuffer(offsets, dtype=width)[array.offset : array.offset + len(array) + 1]
    return Texts(_read_only(bounds), _read_only(np.frombuffer(data if data is not None else b"", dtype=np.uint8)))


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array


@compiled
def word(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Return eight bytes as one number; the compiler makes one load of it."""
    first = np.uint64(at)
    return (
        np.uint64(data[first])
        | np.uint64(data[first + _1]) << _8
        | np.uint64(data[first + _2]) << _16
        | np.uint64(data[first + _3]) << _24
        | np.uint64(data[first + _4]) << _32
        | np.uint64(data[first + _5]) << _40
        | np.uint64(data[first + _6]) << _48
        | np.uint64(data[first + _7]) << _56
    )


@compiled
def spread(number: np.uint64) -> np.uint64:
    """Mix a number's bits, so that like numbers fall far apart; each number has one of its own (xmx of Degski)."""
    number ^= number >> _32
    number *= _SPREAD
    number ^= number >> _32
    number *= _SPREAD
    return number ^ number >> _32


@compiled
def digest(data: NDArray[np.uint8], begin: int, end: int) -> tuple[np.uint64, np.uint64]:
    """Return two numbers that tell texts of one length up to 16 bytes apart; longer ones may share them."""
    if end - begin < _WORD:
        short = np.uint64(0)
        for at in range(begin, end):
            short = short << np.uint64(8) | np.uint64(data[np.uint64(at)])
        return short, np.uint64(0)
    last = word(data, end - _WORD)
    found = word(data, begin)
    begin += _WORD
    while end - begin > _WORD:
        found = spread(found) ^ word(data, begin)
        begin += _WORD
    return found, last


@compiled
def same(one: NDArray[np.uint8], begin: int, other: NDArray[np.uint8], at: int, length: int) -> bool:
    """Tell whether `length` bytes of both are equal."""
    place = 0
    while place < length and one[np.uint64(begin + place)] == other[np.uint64(at + place)]:
        place += 1
    return place == length


@compiled
def before(offsets: NDArray[Any], data: NDArray[np.uint8], one: int, other: int) -> bool:
    """Tell whether one text comes strictly before another by code points, which is the order of UTF-8's bytes."""
    left, right = np.int64(offsets[one]), np.int64(offsets[other])
    left_end, right_end = np.int64(offsets[one + 1]), np.int64(offsets[other + 1])
    while left < left_end and right < right_end:
        if data[left] != data[right]:
            return bool(data[left] < data[right])
        left += 1
        right += 1
    return bool(left == left_end and right < right_end)


@compiled
def hashes(array: Texts, salts: NDArray[np.int32], rows: NDArray[np.int64], found: NDArray[np.uint64]) -> None:
    """Write a number for each of `rows`: equal for equal texts with equal salts, and hardly ever for others."""
    offsets, data = array.offsets, array.data
    for place in range(rows.size):
        row = rows[place]
        begin, end = int(offsets[row]), int(offsets[row + 1])
        one, other = digest(data, begin, end)
        found[place] = spread(spread(one ^ np.uint64(end - begin)) ^ spread(other + np.uint64(salts[place])))
