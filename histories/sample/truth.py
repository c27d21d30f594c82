"""The true probability of an outcome, by simulating onward from a cutoff, again and again.

The account's life is simulated once more up to the cutoff, with its own random numbers, so that everything recorded
by then is as in the export. From there it goes on with fresh numbers. The event that is asked for is not let happen;
its hazard is summed along the path instead, and 1 - exp(-sum) averaged over paths. That is the same probability
(a process that is stopped at rate h survives a path with probability exp(-sum of h)), with far less noise than
counting. A stage that comes before the event is not waited for either: the path is followed without it first, which
gives the probability 1 - exp(-sum) that it came within the horizon, then once more with the same numbers up to a
moment drawn from when it came if it did, and on from there. A path counts for the product of these probabilities
(conditional Monte Carlo: Glasserman and Staum, "Conditioning on one-step survival for barrier option simulations",
Operations Research 49(6), 2001, do so step by step). Colleagues who come after the cutoff are drawn anew: nobody knew
of them.

In a sample with recorded hazards only, the state at the cutoff follows from the record, so this is the probability
given the recorded history: no model can do better. In a sample with a hidden intent the simulation goes on from the
intent that the lead really had: this truth knows more than any model can.
"""

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from histories.clock import SECOND
from histories.compiled import compiled
from histories.contract import Target
from histories.errors import CallError, DataError, nearest
from histories.sample import vocabulary as v
from histories.sample.hazards import Hazards
from histories.sample.life import NOBODY, begin, eve, new_sink
from histories.sample.parameters import Parameters
from histories.sample.population import EVENTS, MOST, ONWARD, SOURCE, Population, draw_lead, fit_of, next_arrival
from histories.sample.simulate import advance, befall
from histories.sample.state import STANDING, Account, Floats, Ints, Sink, Watch
from histories.sample.streams import Stream, operational, stream, uniform

PAIRS = pa.schema(
    [("lead_id", pa.string()), ("cutoff", pa.int64()), ("target", pa.string()), ("horizon_days", pa.int64())]
)
_WATCHED = {Target.SQL: v.SQL, Target.CUSTOMER: v.CUSTOMER}
MOST_HORIZON = 3650
Span = tuple[float, float]  # from and until, operational days


def truth(parameters: Parameters, pairs: pa.Table, draws: int = 400, seed: int = 1) -> pa.Table:
    """Return `pairs` with `probability` and `standard_error` (of the simulation) for each row, in the same order.

    `pairs` has lead_id, cutoff (UTC microseconds), target (sql or customer) and horizon_days. A row's figures are
    null where its lead is not at risk at the cutoff: not yet created, lost, or there already. They depend on the row,
    `draws` and `seed` alone. Raises CallError and DataError where the pairs cannot be read.
    """
    if not 2 <= draws <= 1_000_000:
        raise CallError(f"draws {draws} is out of bounds; it must be at least 2 and at most 1000000")
    population = parameters.population()
    rows, cutoffs, events, horizons = _read(parameters, pairs)
    figures = np.full((len(rows), 2), np.nan)
    for index in range(len(rows)):
        question = np.array([rows[index], cutoffs[index], events[index], horizons[index]])
        _answer(population, question, parameters.seed, draws, seed, parameters.hazards, figures[index])
    columns = {
        name: pa.array(figures[:, at], pa.float64(), mask=np.isnan(figures[:, 0]))
        for at, name in enumerate(("probability", "standard_error"))
    }
    for name, column in columns.items():
        pairs = pairs.append_column(name, column)
    return pairs


def _read(parameters: Parameters, pairs: pa.Table) -> tuple[Ints, Ints, Ints, Ints]:
    """Check the pairs; return leads' rows, cutoffs in whole seconds (rounded up), watched events, horizons in seconds.

    Events stand at whole seconds, so one lies before a cutoff exactly if it lies before the next whole second.
    """
    for field in PAIRS:
        if field.name not in pairs.column_names:
            raise DataError(f"the pairs have no column {field.name!r}; they need {', '.join(PAIRS.names)}")
        if pairs.column(field.name).null_count:
            raise DataError(f"the pairs' column {field.name!r} has empty values; fill them in or leave the rows out")
    try:
        table = pairs.select(PAIRS.names).cast(PAIRS)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"the pairs' columns are of the wrong types: {error}; they must be {_types()}") from None
    rows = _rows(table.column("lead_id"), parameters.leads)
    cutoffs, horizons = table.column("cutoff").to_numpy(), table.column("horizon_days").to_numpy()
    ended = int(parameters.ended * 86400) * SECOND
    if len(cutoffs) and int(cutoffs.max()) > ended:
        raise DataError(f"cutoff {int(cutoffs.max())} lies after the export, {ended}: nothing is recorded until then")
    if len(horizons) and not 1 <= int(horizons.min()) <= int(horizons.max()) <= MOST_HORIZON:
        raise DataError(f"horizon_days must be at least 1 and at most {MOST_HORIZON} in every row")
    events = np.array([_event(name) for name in table.column("target").to_pylist()], np.int64)
    return rows, -(-cutoffs // SECOND), events, horizons * 86400


def _types() -> str:
    return ", ".join(f"{field.name} {field.type}" for field in PAIRS)


def _event(target: str) -> int:
    allowed = [one.value for one in Target]
    if target not in allowed:
        raise DataError(f"target {target!r} is not known; allowed are {', '.join(allowed)}{nearest(target, allowed)}")
    return _WATCHED[Target(target)]


def _rows(lead_ids: pa.ChunkedArray, leads: int) -> Ints:
    shaped = pc.fill_null(pc.match_substring_regex(lead_ids, r"^C\d{7}$"), False)
    numbers = np.array(
        [int(one[1:]) if ok else 0 for one, ok in zip(lead_ids.to_pylist(), shaped.to_pylist(), strict=True)]
    )
    bad = np.flatnonzero((numbers < 1) | (numbers > leads))
    if len(bad):
        name = lead_ids[int(bad[0])].as_py()
        raise DataError(f"lead {name!r} is not in this sample; its leads are C0000001 to C{leads:07d}")
    return numbers.astype(np.int64) - 1


@compiled
def _split(account: Account, before: float, until: float, traits: Ints, source: Stream) -> Account:
    """Copy an account as it was known at `before`, with colleagues drawn anew who come from then `until`."""
    known = 0
    while known < len(account.created) and account.created[known] < before:
        known += 1
    created, fit, sources = np.empty(MOST), np.zeros(MOST), np.zeros(MOST, np.int64)
    moment, members = before, known
    while members < MOST:
        moment = next_arrival(source, traits, account.created[0], moment)
        if moment >= until:
            break
        person = draw_lead(source)
        created[members], fit[members], sources[members] = moment, fit_of(traits, person), person[SOURCE]
        members += 1
    state, rates = np.zeros((members, account.state.shape[1])), np.zeros((members, account.rates.shape[1]))
    totals = np.zeros(members)
    created[:known], fit[:known], sources[:known] = account.created[:known], account.fit[:known], account.source[:known]
    state[:known], rates[:known], totals[:known] = account.state[:known], account.rates[:known], account.totals[:known]
    created, fit, sources = created[:members], fit[:members], sources[:members]
    return Account(0, account.scanned, created, fit, sources, state, rates, totals, account.window.copy())


@compiled
def _at_risk(standing: float, event: int) -> bool:
    return standing != v.AT_LOST and standing < (v.AT_SQL if event == v.SQL else v.AT_CUSTOMER)


@compiled
def _copied(account: Account) -> Account:
    """Copy what the simulation changes; colleagues and their fit stay as they are."""
    a = account
    changing = a.state.copy(), a.rates.copy(), a.totals.copy(), a.window.copy()
    return Account(a.number, a.scanned, a.created, a.fit, a.source, *changing)


@compiled
def _follow(
    account: Account, row: int, event: int, span: Span, limit: float, source: Stream, sink: Sink, h: Hazards
) -> tuple[float, float]:
    """Follow a path without the event until its summed hazard reaches `limit`; return where, and the sum."""
    hazard = np.array([account.rates[row, event], 0.0, limit])
    account.rates[row, event] = 0.0
    account.totals[row] = max(0.0, account.totals[row] - hazard[0])
    return advance(account, span[0], span[1], source, sink, h, Watch(row, event, hazard)), hazard[1]


@compiled
def _ask(account: Account, row: int, event: int, span: Span, source: Stream, sink: Sink, h: Hazards) -> float:
    """Follow one path, with each stage before the event let happen at a moment at which it could; return what it counts for.

    `again` repeats the numbers of the path without the stage, up to where it comes; what follows has numbers of its own.
    """
    moment, end = span
    chance = 1.0
    for stage in range(max(v.SQL, v.MQL + int(account.state[row, STANDING])), event):
        again = source.copy()
        hazard = _follow(_copied(account), row, stage, (moment, end), np.inf, source, sink, h)[1]
        reached = -math.expm1(-hazard)
        if reached <= 0.0:
            return 0.0
        limit = min(hazard, -math.log1p(-uniform(source) * reached))
        moment = _follow(account, row, stage, (moment, end), limit, again, sink, h)[0]
        befall(account, row, stage, moment, source, sink, h)
        chance *= reached
    return chance * -math.expm1(-_follow(account, row, event, (moment, end), np.inf, source, sink, h)[1])


@compiled
def _answer_compiled(
    population: Population, question: Ints, seeds: Ints, draws: int, h: Hazards, nobody: Watch, sink: Sink, out: Floats
) -> None:
    lead, event = question[0], question[2]
    begun, end = operational(float(question[1])), operational(float(question[1] + question[3]))
    number = int(np.searchsorted(population.first, lead, side="right")) - 1
    row, traits = lead - population.first[number], population.account_traits[number]
    account = begin(population, number, population.first[number + 1] - population.first[number])
    if account.created[row] > begun:
        return
    advance(account, eve(account), begun, stream(seeds[0], EVENTS, number, 0), sink, h, nobody)
    if not _at_risk(account.state[row, STANDING], event):
        return
    total, squares = 0.0, 0.0
    for draw in range(draws):
        onward = question[1] * 1_000_000 + draw
        copy = _split(account, begun + 1e-9, end, traits, stream(seeds[1], ONWARD, lead, -onward))
        chance = _ask(copy, row, event, (begun, end), stream(seeds[1], ONWARD, lead, onward), sink, h)
        total, squares = total + chance, squares + chance * chance
    out[0] = total / draws
    out[1] = math.sqrt(max(0.0, squares / draws - out[0] ** 2) / (draws - 1))


def _answer(
    population: Population, question: Ints, sample_seed: int, draws: int, seed: int, hazards: Hazards, out: Floats
) -> None:
    """Write the probability and its standard error; leave `out` as it is where the lead is not at risk."""
    seeds: npt.NDArray[np.int64] = np.array([sample_seed, seed])
    _answer_compiled(population, question, seeds, draws, hazards, NOBODY, new_sink(0), out)
