"""From the population to every event of its accounts, and an account alone again up to any moment."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from histories.compiled import compiled
from histories.sample.hazards import Hazards
from histories.sample.population import EVENTS, SCANNED, SOURCE, Population
from histories.sample.simulate import advance
from histories.sample.state import COLUMNS, Account, Ints, Sink, Watch
from histories.sample.streams import clock, operational, stream
from histories.sample.vocabulary import EVENTS as EVENT_COUNT

NOBODY = Watch(-1, 0, np.array([0.0, 0.0, np.inf]))


@dataclass(frozen=True, eq=False)
class Events:
    """Everything that happened, one row an event, account by account: lead's row, event, UTC seconds, value (or NaN)."""

    lead: npt.NDArray[np.int32]
    event: npt.NDArray[np.int8]
    second: Ints
    value: npt.NDArray[np.float32]


@compiled
def begin(population: Population, number: int, room: int) -> Account:
    """Lay out an account before its first lead arrives, with room for this many leads."""
    first, last = population.first[number], population.first[number + 1]
    created, fit = np.full(room, np.inf), np.zeros(room)
    source = np.zeros(room, np.int64)
    for row in range(last - first):
        created[row] = operational(population.created[first + row])
        fit[row] = population.fit[first + row]
        source[row] = population.lead_traits[first + row, SOURCE]
    return Account(
        first,
        population.account_traits[number, SCANNED],
        created,
        fit,
        source,
        np.zeros((room, COLUMNS)),
        np.zeros((room, EVENT_COUNT)),
        np.zeros(room),
        np.zeros(2),
    )


@compiled
def eve(account: Account) -> float:
    """Return the midnight before an account's first lead."""
    return float(np.floor(account.created[0]) - 1.0)


@compiled
def live(
    population: Population, accounts: tuple[int, int], seed: int, until: float, sink: Sink, h: Hazards, nobody: Watch
) -> int:
    """Simulate accounts from the first number to before the second; return the first that did not fit into the sink."""
    for number in range(accounts[0], accounts[1]):
        kept = sink.used[0]
        account = begin(population, number, population.first[number + 1] - population.first[number])
        source = stream(seed, EVENTS, number, 0)
        advance(account, eve(account), until, source, sink, h, nobody)
        if sink.used[0] > len(sink.lead):
            sink.used[0] = kept
            return number
    return accounts[1]


def new_sink(room: int) -> Sink:
    """Return an empty sink with room for this many events."""
    return Sink(
        np.empty(room, np.int32),
        np.empty(room, np.int8),
        np.empty(room, np.int64),
        np.empty(room, np.float32),
        np.zeros(1, np.int64),
    )


def simulate(population: Population, seed: int, until: float, hazards: Hazards) -> Events:
    """Simulate all accounts up to `until` (operational days)."""
    accounts, done, parts = len(population.first) - 1, 0, []
    room = 2_000_000
    while done < accounts:
        sink = new_sink(room)
        reached = live(population, (done, accounts), seed, until, sink, hazards, NOBODY)
        if reached == done:
            room *= 2
            continue
        done, used = reached, int(sink.used[0])
        parts.append([column[:used] for column in (sink.lead, sink.event, sink.second, sink.value)])
    lead, event, second, value = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    kept = second < int(clock(until))  # a machine opens a mail some seconds after it was sent
    return Events(lead[kept], event[kept], second[kept], value[kept])
