"""An interaction's kind, direction and channel as one int64: what every driver hands to the kernel."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from features.own.predicate import Predicate
from histories.contract import Families
from histories.errors import CallError

# Bits 0-5: kind, 6-11: channel, from 12 on: direction, reply and families, in the order of the signals.
CHANNEL_SHIFT = 6
GROUP_SHIFT = 12
KIND_MASK = 63
MOST_KINDS = 60
MOST_CHANNELS = 60
MOST_FAMILIES = 48
INBOUND, OUTBOUND, REPLIES = 0, 1, 2
FIRST_FAMILY = 3
NO_CHANNEL = 63
_REMEMBERED = 10_000


def counted_families(families: Families) -> tuple[str, ...]:
    """Return the families that are signals of their own; `outbound` joins the direction of that name."""
    return tuple(name for name in families.patterns if name != "outbound")


Combination = tuple[str, str | None, str | None]  # kind, direction, channel


class _Remembered(dict[Combination, int]):
    """What `made` says of each combination, asked once."""

    def __init__(self, made: Callable[[Combination], int]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, combination: Combination) -> int:
        found = self._made(combination)
        # The bound keeps a service alive whose callers put numbers into their kinds.
        if len(self) < _REMEMBERED:
            self[combination] = found
        return found


class Signatures:
    """Encodes interactions. Raises CallError where more families are declared than can be told apart.

    Where an interaction's direction is not known, the families tell: a kind of `outbound` is ours, any other of
    `two_way` is the lead's. A reply is `two_way` and not outbound. Own features' `predicates` have the bits after the
    families; their least values are left to the kernel, as they go by the interaction and not by its kind.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        channels: Sequence[str],
        families: Families,
        predicates: Sequence[Predicate] = (),
    ) -> None:
        self._families = families
        self._family_bits = {name: FIRST_FAMILY + place for place, name in enumerate(counted_families(families))}
        if len(self._family_bits) > MOST_FAMILIES:
            raise CallError(
                f"[families]: {len(self._family_bits)} are declared; at most {MOST_FAMILIES} can be, join some of them"
            )
        self._kinds = {kind: code for code, kind in enumerate(kinds)}
        self._predicates = tuple(predicates)
        self._channels = {channel: code for code, channel in enumerate(channels)}
        self._seen = _Remembered(self._of)

    @property
    def groups(self) -> int:
        """Number of signals that are told apart by a bit: directions, replies, families."""
        return FIRST_FAMILY + len(self._family_bits)

    def family_bit(self, name: str) -> int:
        """Return the bit of a family, counted from 0; -1 where it is not declared."""
        return self._family_bits.get(name, -1)

    def of(self, kind: str, direction: str | None, channel: str | None) -> int:
        """Return the signature of an interaction; remembered, as few combinations come often."""
        return self._seen[kind, direction, channel]

    def of_each(self, combinations: Iterable[Combination]) -> Iterator[int]:
        """Yield `of` each, at the speed of a look-up."""
        return map(self._seen.__getitem__, combinations)

    def _of(self, combination: Combination) -> int:
        kind, direction, channel = combination
        return self._of_kind(kind, direction, channel) | self._of_channel(channel)

    def _of_kind(self, kind: str, direction: str | None, channel: str | None) -> int:
        """Return the part of the kind's code and of all that is told apart by a bit."""
        families = self._families.of(kind)
        ours = direction == "outbound" or (direction is None and "outbound" in families)
        theirs = direction == "inbound" or (direction is None and not ours and "two_way" in families)
        groups = theirs << INBOUND | ours << OUTBOUND | (not ours and "two_way" in families) << REPLIES
        for name in families:
            if name in self._family_bits:
                groups |= 1 << self._family_bits[name]
        for place, one in enumerate(self._predicates, self.groups):
            directed = {"inbound": theirs, "outbound": ours, None: True}[one.direction]
            groups |= (directed and one.covers(kind, families, channel)) << place
        return groups << GROUP_SHIFT | self._kinds.get(kind, len(self._kinds))

    def _of_channel(self, channel: str | None) -> int:
        """Return the part that the channel makes; all channels that the catalogue does not name are one."""
        code = NO_CHANNEL if channel is None else self._channels.get(channel, len(self._channels))
        return code << CHANNEL_SHIFT
