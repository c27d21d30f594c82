"""The first moment at which points stand at a stage."""

from generated import END, FAMILIES, histories, rulebooks
from hypothesis import given, settings

from histories.clock import DAY
from histories.contract import Interaction, LeadHistory, Stage
from scoring import rulebook
from scoring.reached import first_reached
from scoring.rulebook import Rulebook
from scoring.standing import rule_stage
from scoring.tally import tally

BOOK = """
name = "b"
[[engagement]]
rule = "Prices"
kinds = ["pricing"]
points = 10
half_life_days = 1
[stages]
mql = { points = 10 }
sql = { points = 15, two_way = true }
"""


def lead(*interactions: tuple[int, str]) -> LeadHistory:
    return LeadHistory(
        "L", 0, interactions=tuple(Interaction(str(n), at, kind) for n, (at, kind) in enumerate(interactions))
    )


def reached(history: LeadHistory, until: int = END) -> tuple[int | None, int | None]:
    return first_reached(tally(rulebook.parse(BOOK, "b.toml"), FAMILIES, history), until)


def test_a_stage_counts_from_the_moment_that_sees_what_took_the_points_there_even_where_they_fade_again() -> None:
    assert reached(lead((3 * DAY, "pricing"))) == (3 * DAY + 1, None)


def test_contact_both_ways_is_waited_for() -> None:
    first = [(3 * DAY, "pricing"), (3 * DAY, "pricing")]
    assert reached(lead(*first)) == (3 * DAY + 1, None)
    assert reached(lead(*first, (3 * DAY + 60, "reply"))) == (3 * DAY + 1, 3 * DAY + 61)


def test_nothing_at_or_after_the_end_is_looked_at() -> None:
    history = lead((3 * DAY, "pricing"))
    assert reached(history, 3 * DAY + 1) == (None, None)
    assert reached(history, 3 * DAY + 2) == (3 * DAY + 1, None)


@settings(max_examples=80, deadline=None)
@given(rulebooks(), histories)
def test_it_is_the_first_of_all_moments_at_which_something_became_known(book: Rulebook, history: LeadHistory) -> None:
    counted = tally(book, FAMILIES, history)
    known = {one.received_at or 0 for one in history.interactions} | {
        one.occurred_at + 1 for one in history.interactions
    }
    looks = sorted({0} | {at for at in known if at > 0} | {(one.known_at or 0) + 1 for one in history.attributes})
    stages = [(at, rule_stage(book, counted.figures(at))) for at in looks if at < END]
    mql, sql = first_reached(counted, END)
    assert sql == next((at for at, stage in stages if stage is Stage.SQL), None)
    earliest = next((at for at, stage in stages if stage is not Stage.LEAD), None)
    assert (mql is None) == (earliest is None)
    assert mql is None or mql <= earliest
