"""Notes in the transaction that keeps answers which lines they cross: each crossing once, in order for each lead."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from histories.contract import Stage
from histories.store.crossing import crossing_event, standing
from histories.store.crossing.standing import NOT_KNOWN, Agreed, Line, Standing
from histories.store.database.among import among
from histories.store.database.schema import CROSSINGS, LEADS, MERGES, STANDINGS
from histories.store.facts.tombstones import forgotten

if TYPE_CHECKING:
    from histories.store.database.score_row import ScoreRow

PENDING, DELIVERED, DEAD = STATES = ("pending", "delivered", "dead")
_ENDED = (Stage.CUSTOMER.value, Stage.LOST.value)
_NOBODY_ASKED = -1  # the moment of a standing that is being made


@dataclass(frozen=True, slots=True)
class Crossing:
    """A line that a lead crossed. `crossing_id` is the `webhook-id`; `number` is its place within the lead.

    Moments in UTC microseconds. `attempts` counts those that began. `next_attempt_at` None: it waits for an earlier
    one of the lead, or is pending no longer.
    """

    crossing_id: str
    lead_id: str
    number: int
    kind: str
    before: str | None
    after: str
    as_of: int
    follow_up_by: int | None
    score_id: int
    payload: str
    made_at: int
    state: str
    attempts: int
    next_attempt_at: int | None
    delivered_at: int | None
    last_error: str | None


def note(connection: sa.Connection, rows: "Sequence[ScoreRow]", now: int, agreed: Agreed = NOT_KNOWN) -> None:
    """Move the standings of the leads that `rows` answer for, and write down the lines that they cross.

    `agreed`: the hours of the rulebook that answered; where they are not known, clocks run as the answers say.

    Called in the transaction that keeps the answers. Answers about one lead take turns here, whoever gives them, so
    that each crossing is made once. What counts, and what does not, is in docs/decisions/0033: of leads of the store
    that have no standing nothing does, rescoring begins them.
    """
    counted = [row for row in rows if not row.stored or row.given is None]
    known = _known(connection, {row.lead_id for row in counted if not row.stored})
    counted = [row for row in counted if row.stored or row.lead_id not in known]
    if not counted:
        return
    told = {row.lead_id for row in counted if not row.stored}
    before = _locked(connection, sorted({row.lead_id for row in counted}), told)
    moved, crossed = _moved(before, [row for row in counted if row.lead_id in before], now, agreed)
    _stand(connection, before, moved)
    if crossed:
        connection.execute(sa.insert(CROSSINGS), list(_made(connection, crossed, now)))


def begin(connection: sa.Connection, rows: "Sequence[ScoreRow]", waiting: Mapping[str, int | None]) -> None:
    """Let leads that have no standing begin at the stages that these answers, of an earlier moment, say.

    No line is crossed, and of grades nobody was told yet: the next one is the first. `waiting` are leads without such
    an answer, of whom nothing was known: they are to be looked at at a moment, where one is given. One into which
    others were merged before it was known stands no lower than they do.
    """
    first = {row.lead_id: Standing(standing.stage(row.rule_stage, row.stage), None, row.as_of, 0) for row in rows}
    later = {lead_id: Standing(None, None, 0, 0, moment) for lead_id, moment in waiting.items()}
    begun = sorted((later | first).items())
    _insert_missing(connection, begun)
    ended = among(connection, MERGES.c.into_lead, [lead_id for lead_id, _ in begun])
    for lead_id, into in connection.execute(sa.select(MERGES.c.lead_id, MERGES.c.into_lead).where(ended)).all():
        take_over(connection, lead_id, into, 0)
    # Inserted first, as with answers: who forgets a lead waits for this transaction, or is seen here.
    if gone := forgotten(connection, [lead_id for lead_id, _ in begun]):
        connection.execute(sa.delete(STANDINGS).where(STANDINGS.c.lead_id.in_(gone)))


def take_over(connection: sa.Connection, lead_id: str, into: str, watermark: int) -> None:
    """Let the lead that goes on after a merge stand no lower than the one that ended: of that somebody was told.

    `watermark`: that of the merge. An answer that knew less, and so nothing of the merge, is passed over.
    """
    found = _read(connection, sorted({lead_id, into}))
    stage = found[lead_id].stage if lead_id in found else None
    stands = found.get(into)
    if not any(line.kind != standing.GRADE for line in standing.lines(stands, stage, None)):
        return
    if stands is None:
        _insert_missing(connection, [(into, Standing(stage, None, 0, watermark))])
    else:
        update = sa.update(STANDINGS).where(STANDINGS.c.lead_id == into)
        connection.execute(update.values(rule_stage=stage, watermark=watermark))


def without_standing(connection: sa.Connection, lead_ids: Collection[str]) -> frozenset[str]:
    """Return those that were never answered for."""
    there = connection.execute(sa.select(STANDINGS.c.lead_id).where(among(connection, STANDINGS.c.lead_id, lead_ids)))
    return frozenset(lead_ids) - set(there.scalars())


@dataclass(frozen=True, slots=True)
class _Moved:
    standing: Standing
    score_id: int | None


class _Crossed(NamedTuple):
    row: "ScoreRow"
    line: Line
    follow_up_by: int | None


def _known(connection: sa.Connection, lead_ids: Collection[str]) -> frozenset[str]:
    """Leads that the store has: they are judged by what it knows, not by what a request says beside it."""
    if not lead_ids:
        return frozenset()
    found = connection.execute(sa.select(LEADS.c.lead_id).where(among(connection, LEADS.c.lead_id, lead_ids)))
    return frozenset(found.scalars())


def _locked(connection: sa.Connection, lead_ids: Sequence[str], told: Collection[str]) -> dict[str, Standing | None]:
    """Return the standings that there are, and None for those of the leads that requests told of.

    Whoever comes next to one of these leads waits until this transaction has ended.
    """
    found = _read(connection, lead_ids)
    missing = [one for one in lead_ids if one in told and one not in found]
    if missing:
        # A row to be locked: of two that are the first to answer for a lead, one waits here for the other's commit.
        nothing = [(one, Standing(None, None, _NOBODY_ASKED, 0)) for one in missing]
        _insert_missing(connection, nothing)
        found |= _read(connection, missing)
    return {one: None if found[one].as_of == _NOBODY_ASKED else found[one] for one in found}


def _insert_missing(connection: sa.Connection, standings: Sequence[tuple[str, Standing]]) -> None:
    """Insert those of leads that have none, in the order given: two that insert the same never wait for each other."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [
        {
            "lead_id": lead_id,
            "rule_stage": one.stage,
            "grade": one.grade,
            "as_of": one.as_of,
            "watermark": one.watermark,
            "score_id": None,
            "rescore_at": one.rescore_at,
        }
        for lead_id, one in standings
    ]
    if rows:
        connection.execute(insert(STANDINGS).on_conflict_do_nothing(), rows)


def _read(connection: sa.Connection, lead_ids: Sequence[str]) -> dict[str, Standing]:
    table = STANDINGS.c
    query = sa.select(table.lead_id, table.rule_stage, table.grade, table.as_of, table.watermark, table.rescore_at)
    query = query.where(among(connection, table.lead_id, lead_ids)).order_by(table.lead_id).with_for_update()
    return {lead_id: Standing(*values) for lead_id, *values in connection.execute(query)}


def _moved(
    before: Mapping[str, Standing | None], rows: "Sequence[ScoreRow]", now: int, agreed: Agreed
) -> tuple[dict[str, _Moved], list[_Crossed]]:
    moved: dict[str, _Moved] = {}
    crossed: list[_Crossed] = []
    for row in rows:
        stands = moved[row.lead_id].standing if row.lead_id in moved else before[row.lead_id]
        if standing.is_newer(stands, row.as_of, row.watermark, stored=bool(row.stored), now=now):
            for line in standing.crossed(stands, row.rule_stage, row.stage, row.grade):
                by = standing.clock(stands, line, row.follow_up_by, row.as_of, agreed)
                crossed.append(_Crossed(row, line, by))
            moved[row.lead_id] = _Moved(_after(stands, row, now), row.score_id)
        elif row.stored and stands and (at := standing.look_at(stands, row.as_of, row.watermark, now)) is not None:
            score_id = moved[row.lead_id].score_id if row.lead_id in moved else None
            moved[row.lead_id] = _Moved(replace(stands, rescore_at=at), score_id)
    return moved, crossed


def _after(stands: Standing | None, row: "ScoreRow", now: int) -> Standing:
    stage = standing.stage(row.rule_stage, row.stage)
    return Standing(stage, row.grade, row.as_of, row.watermark, _rescore_at(stands, row, now))


def _rescore_at(stands: Standing | None, row: "ScoreRow", now: int) -> int | None:
    """When the answer's validity ends. A moment that is there already, and comes before, stays: an index less to move."""
    if not row.stored or row.stage in _ENDED or row.valid_until is None:
        return None
    there = stands.rescore_at if stands else None
    return there if there is not None and now < there <= row.valid_until else row.valid_until


def _stand(connection: sa.Connection, before: Mapping[str, Standing | None], moved: Mapping[str, _Moved]) -> None:
    table = STANDINGS.c
    changed = {
        "stage": table.rule_stage,
        "now_grade": table.grade,
        "moment": table.as_of,
        "known": table.watermark,
        "again": table.rescore_at,
    }
    update = sa.update(STANDINGS).where(table.lead_id == sa.bindparam("lead"))
    update = update.values(
        {column: sa.bindparam(name) for name, column in changed.items()}
        | {table.score_id: sa.func.coalesce(sa.bindparam("score", type_=sa.BigInteger), table.score_id)}
    )
    values = [
        {
            "lead": lead_id,
            "stage": one.standing.stage,
            "now_grade": one.standing.grade,
            "moment": one.standing.as_of,
            "known": one.standing.watermark,
            "again": one.standing.rescore_at,
            "score": one.score_id,
        }
        for lead_id, one in moved.items()
    ]
    if values:
        connection.execute(update, values)
    idle = [one for one, stands in before.items() if stands is None and one not in moved]
    if idle:
        # Made to be locked, and no answer counted.
        connection.execute(
            sa.delete(STANDINGS).where(among(connection, table.lead_id, idle), table.as_of == _NOBODY_ASKED)
        )


def _made(connection: sa.Connection, crossed: Sequence[_Crossed], now: int) -> Iterator[dict[str, object]]:
    """Yield the crossings' values. The first of a lead that is pending may go out at once; the others wait for it."""
    table = CROSSINGS.c
    waits = sa.func.max(sa.case((table.state == PENDING, 1), else_=0))
    query = sa.select(table.lead_id, sa.func.max(table.number), waits).group_by(table.lead_id)
    found = connection.execute(query.where(among(connection, table.lead_id, {one.row.lead_id for one in crossed})))
    last = {lead_id: (number, bool(pending)) for lead_id, number, pending in found}
    for row, line, follow_up_by in crossed:
        number, behind = last.get(row.lead_id, (0, False))
        number += 1
        last[row.lead_id] = (number, True)
        yield {
            "crossing_id": f"msg_{token_hex(12)}",
            "lead_id": row.lead_id,
            "number": number,
            "kind": line.kind,
            "before": line.before,
            "after": line.after,
            "as_of": row.as_of,
            "follow_up_by": follow_up_by,
            "score_id": row.score_id,
            "payload": crossing_event.event(row, line, number, follow_up_by, now),
            "made_at": now,
            "state": PENDING,
            "attempts": 0,
            "next_attempt_at": None if behind else now,
            "delivered_at": None,
            "last_error": None,
        }
