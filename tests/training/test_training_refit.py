"""A refit: learnt from all that the export knows, in the way that was tested, and recorded as what it is."""

import pytest
from small_company import NOW, RECIPE, Company, Trained

from histories import clock, export
from histories.contract import Target
from scoring import rulebook
from scoring.bundle import Bundle
from scoring.model import BoosterMember
from training import recipe
from training.fit import fit_bundle
from training.fitted import Fitted


@pytest.fixture(scope="module")
def refitted(company: Company) -> Fitted:
    histories = export.read(company.crm, NOW).histories
    plan = recipe.parse(RECIPE + '[split]\nship = "refit"\n', "recipe.toml")
    return fit_bundle(histories, plan, rulebook.read(company.rulebook), now=NOW, source=str(company.crm))


def trees(bundle: Bundle) -> list[int]:
    members = bundle.models[Target.SQL].members
    return [one.text.count("\nTree=") for one in members if isinstance(one, BoosterMember)]


def test_a_refit_has_seen_all_that_the_export_knows_and_says_so(refitted: Fitted, trained: Trained) -> None:
    tested, card = trained.result.bundle.card, refitted.bundle.card
    assert card.trained_until == clock.parse("2025-05-01")
    assert tested.trained_until == refitted.test_start < card.trained_until
    assert all(card.conversions[target] > tested.conversions[target] for target in Target)
    assert card.leads > tested.leads
    assert card.limits[0] == (
        "Learnt again from what was known on 2025-05-01, with the settings of the bundle that was tested from "
        f"{clock.date(refitted.test_start)} on: the test figures and the reference are that bundle's."
    )
    assert not tested.limits[0].startswith("Learnt again")


def test_what_was_tested_stays_what_it_was(refitted: Fitted, trained: Trained) -> None:
    """The test, its figures, the columns, the reference and the rounds are the tested bundle's; its trees are new."""
    tested = trained.result.bundle
    assert refitted.bundle.card.figures == tested.card.figures
    assert refitted.bundle.catalogue == tested.catalogue
    assert refitted.bundle.reference.tolist() == tested.reference.tolist()
    assert refitted.bundle.policy == tested.policy
    assert trees(refitted.bundle) == trees(tested) != []
    assert refitted.bundle.models[Target.SQL].calibrator == tested.models[Target.SQL].calibrator
    assert refitted.bundle.version != tested.version
