"""Golden requests pass at a service that answers as the scorer does, and name what differs at any other."""

from dataclasses import replace

import pytest
from serving_models import Pair
from serving_world import Running

from histories.contract import LeadHistory
from histories.errors import DataError
from scoring import rulebook as rulebooks
from scoring.answer import Answer, Status
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.deploy import golden
from serving.deploy.golden import Checked


def test_the_service_of_this_very_bundle_passes(
    running: Running, bundle: Bundle, rulebook: Rulebook, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    checked = golden.check(running.url, "", Scorer(bundle, rulebook), leads[:45], as_of)
    assert checked == Checked(leads=45, single=10, faulty=8)


def test_a_service_of_another_bundle_or_rulebook_is_refused_by_its_version(
    running: Running, pair: Pair, leads: tuple[LeadHistory, ...], as_of: int
) -> None:
    edited = rulebooks.parse(pair.old.rulebook.source.replace("points = 25", "points = 24"), "rulebook.toml")
    for scorer, name in ((pair.new.scorer, "model_version"), (Scorer(pair.old.bundle, edited), "rulebook_version")):
        with pytest.raises(DataError, match=rf"^golden requests: {name} is \w+ over HTTP, and \w+ in the registry$"):
            golden.check(running.url, "", scorer, leads[:3], as_of)


def test_the_last_bit_of_a_number_counts(
    running: Running, pair: Pair, leads: tuple[LeadHistory, ...], as_of: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Scorer.score

    def off(self: Scorer, histories: list[LeadHistory], moment: int, reasons: int = 3) -> list[Answer]:
        first, *others = honest(self, histories, moment, reasons)
        assert first.rule_points is not None
        return [replace(first, rule_points=first.rule_points + 2e-14), *others]

    monkeypatch.setattr(Scorer, "score", off)
    scored = next(one for one in leads if honest(pair.old.scorer, [one], as_of)[0].rule_points == 15.0)
    message = (
        rf"^golden requests: lead {scored.lead_id}: rule_points is 15\.0 over HTTP, the scorer's own is 15\.0+\d+$"
    )
    with pytest.raises(DataError, match=message):
        golden.check(running.url, "", pair.old.scorer, [scored], as_of)


def test_a_place_where_nobody_answers_is_named(pair: Pair, leads: tuple[LeadHistory, ...], as_of: int) -> None:
    with pytest.raises(DataError, match=r"^golden requests: /livez cannot be read \(ConnectionRefusedError: "):
        golden.check("http://127.0.0.1:9", "", pair.old.scorer, leads[:1], as_of)


def test_golden_leads_are_spread_from_the_least_likely_to_the_likeliest() -> None:
    scored = [Answer(str(place), Status.SCORED, probability_customer=place / 100) for place in range(101)][::-1]
    assert golden.spread(scored, 5) == ["0", "25", "50", "75", "100"]
    assert golden.spread(scored[:2], 5) == ["99", "100"]
    assert golden.spread(scored, 1) == ["0"]
