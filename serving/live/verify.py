"""Makes answers of the store again, at random, and counts what differs: nothing, as it should be."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from histories.errors import DataError
from histories.store import Store, StoreUnavailableError
from histories.store.kept import answers
from serving.live.replay import Difference, Replayer

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Differing:
    """An answer that did not come out as it was given, by its number, and in what."""

    score_id: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it. Of `kept` answers `drawn` were drawn; `forgotten` of these cannot be made again, as they should.

    `fields`: in how many answers a field differs. `broken`: why answers cannot be made again that should, by number.
    Of both the first 20 are told one by one.
    """

    kept: int
    drawn: int
    forgotten: int
    differing: int
    fields: Counter[str]
    examples: tuple[Differing, ...]
    broken: int
    complaints: tuple[tuple[int, str], ...]

    @property
    def sound(self) -> bool:
        """Whether all that can be made again came out as it was given."""
        return not self.differing and not self.broken


def verify(store: Store, count: int, seed: int, step: Callable[[int, int], None]) -> Verified:
    """Make `count` answers again, drawn at random. `step` hears how many are done, and of how many."""
    rows = answers.random_scores(store, count, seed)
    replayer, fields = Replayer(store), Counter[str]()
    examples: list[Differing] = []
    complaints: list[tuple[int, str]] = []
    forgotten = 0
    for done, row in enumerate(rows):
        step(done, len(rows))
        number = row.score_id or 0
        if row.inputs_forgotten:
            forgotten += 1
            continue
        try:
            differences, complaint = replayer.replay(row).differences, ""
        except StoreUnavailableError:
            raise
        except DataError as error:
            differences, complaint = (), str(error)
        if (differences or complaint) and _is_forgotten(store, number):
            forgotten += 1
        elif complaint:
            complaints.append((number, complaint))
        elif differences:
            fields.update(one.field for one in differences)
            examples.append(Differing(number, differences))
    return Verified(
        kept=answers.count(store),
        drawn=len(rows),
        forgotten=forgotten,
        differing=len(examples),
        fields=fields,
        examples=tuple(examples[:_MOST_TOLD]),
        broken=len(complaints),
        complaints=tuple(complaints[:_MOST_TOLD]),
    )


def _is_forgotten(store: Store, number: int) -> bool:
    """Tell whether somebody was forgotten since the answers were drawn: it went, or what it was made from did."""
    row = answers.score(store, number)
    return row is None or bool(row.inputs_forgotten)
