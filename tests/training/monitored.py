"""A store that holds a company and the answers that were given week by week, as a service would have given them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from histories import select, store
from histories.clock import DAY
from histories.contract import Histories
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store
from histories.store.database.score_row import ScoreRow
from histories.store.facts.definitions import Definitions, define
from histories.store.kept.answers import keep
from histories.store.kept.artifacts import Kind, archive
from scoring import archive as archives
from scoring.answer import Answer
from scoring.bundle import Bundle
from scoring.kept import Asked, row
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer

WEEK = 7 * DAY
Row = TypeVar("Row")


def made(path: Path) -> Store:
    """A new store in a file."""
    url = f"sqlite:///{path}"
    store.upgrade(url)
    return Store.open(url)


def fill(opened: Store, histories: Histories) -> None:
    """Put an export into the store, as if it had been told all along."""
    define(opened, Definitions(histories.timezone, histories.families, histories.attribute_types), 1)
    leads = list(select.each(histories))
    _add(opened.add_leads, [LeadRow(one.lead_id, one.created_at, one.account_id) for one in leads])
    _add(opened.add_attributes, [AttributeRow(one.lead_id, value) for one in leads for value in one.attributes])
    _add(opened.add_outcomes, [OutcomeRow(one.lead_id, outcome) for one in leads for outcome in one.outcomes])
    interactions = [
        InteractionRow(one.lead_id, touch._replace(interaction_id=f"{one.lead_id} {touch.interaction_id}"))
        for one in leads
        for touch in one.interactions
    ]
    _add(opened.add_interactions, interactions)


def _add(add: Callable[[Sequence[Row], int], object], rows: Sequence[Row]) -> None:
    for begin in range(0, len(rows), 1000):
        add(rows[begin : begin + 1000], 1)


def answer(opened: Store, bundle: Bundle, rules: Rulebook, moments: Iterable[int], young: int) -> int:
    """Give answers at each moment for the open leads that are at most `young` microseconds old; return how many."""
    archive(opened, bundle.version, Kind.BUNDLE, archives.packed(bundle), 1)
    archive(opened, rules.version, Kind.RULEBOOK, rules.source.encode(), 1)
    scorer, count = Scorer(bundle, rules), 0
    for moment in moments:
        histories = store.histories(opened, moment)
        created = dict(zip(*(histories.leads[name].to_pylist() for name in ("lead_id", "created_at")), strict=True))
        answers = [one for one in scorer.score_board(histories, moment) if moment - created[one.lead_id] <= young]
        kept = keep(opened, list(rows_of(answers, bundle.version, rules.version, moment)), moment)
        count += len(kept)
    return count


def rows_of(answers: Iterable[Answer], bundle: str, rulebook: str, moment: int) -> Iterator[ScoreRow]:
    """The answers as the service keeps them."""
    asked = Asked("request", moment, moment, 1, bundle, rulebook)
    return (row(one, asked, stored=True, given=None) for one in answers)
