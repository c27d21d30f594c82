"""Whom a champion's training knew goes by its own card: no other recipe may test it on leads that it has learnt from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_company import NOW, RECIPE, Company, Trained

from histories import clock, export
from histories.assemble import assemble
from histories.clock import DAY
from histories.contract import Histories, LeadHistory, Target
from histories.errors import DataError
from scoring import rulebook
from scoring.card import Card
from training import recipe
from training.compare import lineups_since
from training.lineup import Lineup
from training.promote import Resolved
from training.recipe import Recipe
from training.records import Version
from training.rivals import lineups
from training.unseen import seen

BORDER = 100 * DAY


def card(ages: tuple[str, ...], kept: float) -> Card:
    return Card(BORDER, 0, 1, 1, {Target.CUSTOMER: 1}, ages=ages, kept_share=kept)


def knew(leads: list[LeadHistory], one: Card) -> set[str]:
    """Return which of some leads without accounts a training knew."""
    histories = assemble(leads, exported_at=400 * DAY)
    ids = histories.leads["lead_id"].to_pylist()
    return {ids[number] for number in np.flatnonzero(seen(histories, one)).tolist()}


def came(*days: int) -> list[LeadHistory]:
    return [LeadHistory(f"day {day}", day * DAY) for day in days]


def test_a_lead_was_seen_where_its_first_look_came_before_the_training_ended() -> None:
    """Looked at 3 and 10 days old. All kept: whoever came by day 96 was looked at once at least."""
    assert knew(came(50, 96, 97, 99, 101), card(("3d", "10d"), 1.0)) == {"day 50", "day 96"}


def test_a_lead_that_was_kept_for_the_test_was_not_seen_and_one_past_its_last_look_was() -> None:
    assert knew(came(50, 95), card(("3d", "10d"), 0.0)) == {"day 50"}


def test_where_a_card_does_not_say_everybody_who_was_there_counts_as_seen() -> None:
    assert knew(came(50, 99, 100, 101), card((), 1.0)) == {"day 50", "day 99"}


def test_an_account_is_seen_with_its_first_lead() -> None:
    leads = [
        LeadHistory("old", 50 * DAY, "a"),
        LeadHistory("new", 200 * DAY, "a"),
        LeadHistory("other", 200 * DAY, "b"),
    ]
    histories = assemble(leads, exported_at=400 * DAY)
    assert seen(histories, card(("3d",), 0.5)).tolist() == [True, False]


@pytest.fixture(scope="module")
def histories(company: Company) -> Histories:
    return export.read(company.crm, NOW).histories


def compared(histories: Histories, trained: Trained, settings: Recipe, **changed: object) -> tuple[Lineup, ...]:
    bundle = trained.result.bundle
    champion = replace(bundle, card=replace(bundle.card, **changed))
    return lineups_since(histories, champion, rulebook.read(trained.company.rulebook), settings)


def leads_of(found: tuple[Lineup, ...]) -> set[str]:
    return {lead for one in found for lead in one.rows["lead_id"].to_pylist()}


def test_the_card_of_a_training_says_whom_it_has_seen(histories: Histories, trained: Trained) -> None:
    bundle = trained.result.bundle
    assert (bundle.card.ages, bundle.card.kept_share) == (("1d", "7d"), 0.5)
    trained_on = seen(histories, bundle.card)
    for lineup in trained.result.fitted.results.values():
        assert not trained_on[lineup.lineup.rows["group"].to_numpy()].any()


def test_another_recipe_does_not_move_whom_the_champion_is_tested_on(histories: Histories, trained: Trained) -> None:
    """Ages up to 60 days would put leads on both sides that the champion has only learnt from."""
    settings = recipe.parse(
        RECIPE.replace('["1d", "7d"]', '["1d", "7d", "60d"]') + "[split]\nkept_share = 0\n", "recipe.toml"
    )
    found, trained_on = compared(histories, trained, settings), seen(histories, trained.result.bundle.card)
    for lineup in found:
        assert not trained_on[lineup.rows["group"].to_numpy()].any()
        assert set(lineup.rows["age"].to_pylist()) == {"1d", "7d", "60d"}


def test_a_champion_that_learnt_from_everybody_is_tested_on_those_who_came_later(
    histories: Histories, trained: Trained
) -> None:
    settings = recipe.read(trained.company.recipe)
    began = trained.result.bundle.card.trained_until
    ids, created = histories.leads["lead_id"].to_pylist(), histories.leads["created_at"].to_pylist()
    born = dict(zip(ids, created, strict=True))
    as_tested, as_refit = (compared(histories, trained, settings, kept_share=kept) for kept in (0.5, 1.0))
    assert min(born[lead] for lead in leads_of(as_tested)) < began - DAY
    assert min(born[lead] for lead in leads_of(as_refit)) >= began - DAY


def test_where_the_champion_knew_all_later_leads_it_says_so(histories: Histories, trained: Trained) -> None:
    """Trained until a week before the end of the last horizon: what is newer and settled is of leads it knew."""
    settings = recipe.parse(RECIPE.replace('["1d", "7d"]', '["30d"]'), "recipe.toml")
    until = histories.exported_at - 35 * DAY
    with pytest.raises(DataError) as raised:
        compared(histories, trained, settings, trained_until=until, kept_share=1.0)
    assert str(raised.value).endswith(
        f"later than the champion's training, which ended {clock.date(until)}, and have their 30 days behind them, but it "
        "knew the leads or accounts of all of them; compare with a newer export"
    )


def test_beside_a_champion_that_saw_a_part_of_the_test_all_are_measured_on_the_rest(
    histories: Histories, trained: Trained, tmp_path: Path
) -> None:
    """A champion that ended three days before the test and learnt from everybody knows leads of the test."""
    fitted = trained.result.fitted
    card = replace(fitted.bundle.card, trained_until=fitted.test_start - 3 * DAY, kept_share=1.0)
    bundle = replace(fitted.bundle, card=card)
    champion = Resolved(Version(1, "run", (), {}), tmp_path, bundle, tmp_path)
    (customer, _) = lineups(histories, fitted.recipe, fitted, champion)
    whole = fitted.results[Target.CUSTOMER].lineup
    trained_on = seen(histories, card)
    assert 0 < customer.left_out == whole.rows.num_rows - customer.rows.num_rows
    assert not trained_on[customer.rows["group"].to_numpy()].any()
    assert {one.figures.snapshots for one in customer.contenders.values()} == {customer.rows.num_rows}
    np.testing.assert_array_equal(customer.contenders["champion"].probability, customer.contenders["model"].probability)
    assert customer.differences["champion"]["log_loss"].value == 0
