"""What the report says in words is what the figures say, and no surer than they are."""

from dataclasses import replace

import numpy as np
import pytest
from shown_lineup import shown

from histories.contract import Target
from training import html_tables, plainly
from training.bootstrap import Difference
from training.lineup import CHAMPION, MODEL, RULES, Lineup


@pytest.fixture(scope="module")
def lineup() -> Lineup:
    return shown(leads=400, names=(MODEL, RULES, CHAMPION))


def with_difference(lineup: Lineup, measure: str, one: Difference) -> Lineup:
    found = {**lineup.capacity_differences[RULES], measure: one}
    return replace(lineup, capacity_differences={RULES: found})


def test_a_weeks_conversions_are_those_of_all_boards_over_the_weeks(lineup: Lineup) -> None:
    tile = plainly.tiles(lineup)[0]
    assert tile.title == "Customers found a week with 30 calls"
    model = lineup.capacity[MODEL]
    assert tile.bars[0].shown == f"{model.measures.conversions / model.boards:,.1f}"
    assert max(bar.share for bar in tile.bars) == 1
    assert [bar.key for bar in tile.bars] == [MODEL, RULES, CHAMPION]


def test_a_difference_is_said_for_a_week_with_its_interval(lineup: Lineup) -> None:
    weeks = lineup.capacity[MODEL].boards
    surely = with_difference(lineup, "conversions", Difference(2.0 * weeks, 1.0 * weeks, 3.0 * weeks))
    assert plainly.tiles(surely)[0].sure == (
        "The model: 2.0 a week more than the rules (with luck taken into account +1.0 to +3.0).",
    )
    perhaps = with_difference(lineup, "conversions", Difference(-2.0 * weeks, -5.0 * weeks, 1.0 * weeks))
    assert plainly.tiles(perhaps)[0].sure == (
        "Too close to call. The model: 2.0 a week less than the rules (with luck taken into account -5.0 to +1.0).",
    )


def test_money_is_shown_where_a_deal_has_a_value_and_nowhere_else(lineup: Lineup) -> None:
    assert [tile.title for tile in plainly.tiles(lineup)][1] == "Worth of those deals a week, less the calls"
    qualified = plainly.tiles(shown(Target.SQL, leads=200))
    assert [tile.title[:15] for tile in qualified] == ["Qualified leads", "Of a lead that "]


def test_the_sentence_counts_the_draws_in_which_the_better_score_was_ahead(lineup: Lineup) -> None:
    model, rules = (lineup.contenders[name].samples["log_loss"] for name in (MODEL, RULES))
    said = next(plainly.sentences(lineup))
    assert lineup.differences[RULES]["log_loss"].high < 0
    assert said == (
        f"The model predicts better than the rules: so it was in {np.sum(model < rules):,} of 2,000 times that the "
        "test's accounts were drawn anew."
    )


def test_of_few_conversions_neither_the_verdict_nor_a_tile_nor_a_segment_names_a_winner() -> None:
    """Of these 200 leads 28 converted; the figures are shown all the same."""
    few = shown(leads=200)
    assert next(plainly.sentences(few)) == (
        "Cannot tell: the test holds 28 converted leads, and it takes 50 to tell two scores apart."
    )
    assert not [one for one in plainly.sentences(few) if "better" in one or "can be luck" in one]
    weeks = few.capacity[MODEL].boards
    surely = with_difference(few, "conversions", Difference(2.0 * weeks, 1.0 * weeks, 3.0 * weeks))
    assert plainly.tiles(surely)[0].sure == (
        "Too few converted to tell. The model: 2.0 a week more than the rules (with luck taken into account +1.0 to +3.0).",
    )
    by_segment = html_tables.segments(few)
    assert by_segment is not None
    assert {row[-1] for row in by_segment.rows} == {"cannot tell"}


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (
            Difference(1.25, 0.8, 2.0),
            "80 came (with luck taken into account, 50 to 125): no sign that these percentages",
        ),
        (
            Difference(1.25, 1.1, 2.0),
            "80 came (with luck taken into account, 50 to 91): read these percentages as too high",
        ),
        (
            Difference(0.8, 0.5, 0.9),
            "125 came (with luck taken into account, 111 to 200): read these percentages as too low",
        ),
    ],
)
def test_a_hundred_promises_are_held_against_what_came(
    lineup: Lineup, monkeypatch: pytest.MonkeyPatch, interval: Difference, said: str
) -> None:
    kind = type(lineup.contenders[MODEL])
    monkeypatch.setattr(kind, "intervals", property(lambda _: {"predicted_over_observed": interval}))
    assert f"Where the model promised 100 customers, {said}" in " ".join(plainly.sentences(lineup))


def test_who_only_one_of_the_two_puts_on_top_is_counted(lineup: Lineup) -> None:
    said = list(plainly.corners(lineup))
    assert len(said) == 2
    assert said[0].startswith("The model puts ")
    assert said[1].startswith("The rules put ")
