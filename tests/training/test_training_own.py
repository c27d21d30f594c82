"""The own features of docs/own-features.md, from the sample to a bundle whose reasons speak of them."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from features import table
from histories import clock, export, sample
from histories.contract import Histories, Target
from scoring import rulebook
from scoring.reasons import Explainer
from training import recipe, requested
from training.fit import fit_bundle
from training.fitted import Fitted

PAGE = Path(__file__).parents[2] / "docs" / "own-features.md"
NAMES = [
    "long_visits_30d",
    "time_on_prices",
    "phone_warmth",
    "pricing_share_30d",
    "budget_each",
    "long_visit_share",
]
SAID = (
    r"(No|\d+) visits? with a value of at least 600 in 30 days",
    r"Time spent on prices and comparisons \([\d,.]+ seconds\)",
    r"Two-way interactions by phone, each worth half after 14 days \([\d.]+\)",
    r"Share of interactions about prices in 30 days \((\d+%|not known)\)",
    r"Budget for each employee \(([\d,.]+ EUR|not known)\)",
    r"Long visit share \((\d+%|not known)\)",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample under whose recipe stands what the page shows."""
    where = tmp_path_factory.mktemp("own")
    sample.write(where, 6000, 24, 1)
    (declared,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = where / "recipe.toml"
    path.write_text(path.read_text(encoding="utf-8") + declared, encoding="utf-8")
    return where


@pytest.fixture(scope="module")
def histories(folder: Path) -> Histories:
    return export.read(folder / "crm.toml", clock.parse("2026-02-01")).histories


@pytest.fixture(scope="module")
def fitted(folder: Path, histories: Histories) -> Fitted:
    rules = rulebook.read(folder / "rulebook.toml")
    return fit_bundle(histories, recipe.read(folder / "recipe.toml"), rules, now=histories.exported_at, source="sample")


@pytest.fixture(scope="module")
def matrix(fitted: Fitted, histories: Histories) -> np.ndarray:
    """The features of all leads on the day of the export."""
    return table.compute(histories, requested.at(histories, histories.exported_at), fitted.bundle.catalogue).matrix


def test_the_columns_come_last_and_hold_what_they_say(fitted: Fitted, matrix: np.ndarray) -> None:
    names = fitted.bundle.catalogue.names
    assert list(names[-6:]) == NAMES
    found = {name: matrix[:, place] for place, name in enumerate(names)}
    np.testing.assert_array_equal(
        found["pricing_share_30d"],
        np.divide(
            found["intent_count_30d"],
            found["inbound_count_30d"],
            out=np.full(len(matrix), math.nan),
            where=found["inbound_count_30d"] > 0,
        ),
    )
    prices = [found[f"session.{page}_sum_all"] for page in ("pricing_page", "comparison")]
    np.testing.assert_allclose(found["time_on_prices"], sum(prices), rtol=1e-12)
    assert (found["long_visits_30d"] <= found["engagement_count_30d"]).all()
    assert all(np.nanmax(found[name]) > np.nanmin(found[name]) for name in NAMES)
    assert (np.isnan(found["budget_each"]) == np.isnan(found["attribute.budget"] + found["attribute.employees"])).all()


def test_reasons_speak_of_own_features(fitted: Fitted, matrix: np.ndarray) -> None:
    """The model's, whether or not it is the champion on so small a sample."""
    model = fitted.results[Target.SQL].model
    assert model is not None
    explainer = Explainer(fitted.bundle.catalogue)
    some = matrix[:400]
    points = np.zeros(len(some), dtype=np.int64)
    found = explainer.reasons(some, model.contributions(some, points), points, 100)
    own = {reason.text for reasons in found for reason in reasons if reason.code.startswith("own:")}
    assert own
    assert [text for text in own if not any(re.fullmatch(f"{said} (raised|lowered) it", text) for said in SAID)] == []
