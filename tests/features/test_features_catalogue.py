"""The catalogue is the one list: complete, stable, safe to name things by, and frozen from training leads."""

import dataclasses
import subprocess
import sys

import lightgbm
import numpy as np
import pytest
from feature_catalogues import FIELDS, catalogues, own_features
from feature_histories import CATALOGUE, CUTOFF, FAMILIES, OWNED, histories
from hypothesis import given, settings
from hypothesis import strategies as st

from features import catalogue, declaration
from features.catalogue import AttributeSpec, Catalogue, build, with_own
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from features.pages.describe import example
from histories.clock import DAY
from histories.contract import (
    Attribute,
    AttributeType,
    Direction,
    Families,
    Interaction,
    LeadHistory,
)
from histories.errors import CallError, DataError

kinds = st.lists(st.text(max_size=12), max_size=12, unique=True).map(tuple)


def test_the_json_round_trip_gives_an_equal_catalogue() -> None:
    again = Catalogue.from_json(CATALOGUE.to_json())
    assert again == CATALOGUE
    assert again.hash == CATALOGUE.hash
    assert again.features == CATALOGUE.features


def test_the_hash_is_the_same_in_another_process() -> None:
    code = "from features.pages.describe import example; print(example().hash)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == example().hash


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": ("pricing", "mail", "reply", "call")},
        {"kinds": ("mail", "pricing", "reply")},
        {"families": Families({**FAMILIES.patterns, "intent": ("demo_*",)})},
        {"families": Families(dict(reversed(FAMILIES.patterns.items())))},
        {"attributes": CATALOGUE.attributes[:1]},
        {"attributes": (AttributeSpec("industry", AttributeType.CATEGORY, ("farm", "bank")), CATALOGUE.attributes[1])},
        {"timezone": "Europe/Lisbon"},
        {"channels": ("web", "email")},
        {"valued": ("interactions",)},
        {"rare_kinds": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_moves_with_every_part_of_the_catalogue(change: dict) -> None:
    assert dataclasses.replace(CATALOGUE, **change) != CATALOGUE


def _listed(made: Catalogue) -> list[object]:
    """The fields of a catalogue, with the order of families, which mappings hide when they are compared."""
    return [getattr(made, field) for field in FIELDS] + [list(made.families.patterns)]


@settings(max_examples=100, deadline=None)
@given(catalogues(), st.sampled_from(sorted(FIELDS)).flatmap(lambda field: st.tuples(st.just(field), FIELDS[field])))
def test_catalogues_have_one_hash_if_and_only_if_all_their_fields_are_equal(
    made: Catalogue, change: tuple[str, object]
) -> None:
    other = dataclasses.replace(made, **{change[0]: change[1]})
    assert (made.hash == other.hash) == (_listed(made) == _listed(other))
    again = Catalogue.from_json(made.to_json())
    assert (again.hash, _listed(again)) == (made.hash, _listed(made))


@settings(max_examples=100, deadline=None)
@given(own_features, own_features, st.sampled_from(["name", "formula", "unit", "meaning", "monotone"]))
def test_the_hash_moves_with_every_part_of_an_own_feature(one: OwnFeature, other: OwnFeature, part: str) -> None:
    changed = dataclasses.replace(one, **{part: getattr(other, part)}, places={"name": "elsewhere"})
    hashes = [with_own(CATALOGUE, (declared,)).hash for declared in (one, changed)]
    assert (hashes[0] == hashes[1]) == (one == changed)


@pytest.mark.parametrize(
    "change", [{"kinds": ("y",)}, {"channel": "web"}, {"direction": Direction.INBOUND}, {"at_least": 1.0}], ids=str
)
def test_the_hash_moves_with_every_part_of_a_predicate(change: dict) -> None:
    predicates = (Predicate(("x",)), Predicate(**{"kinds": ("x",), **change}))
    formulas = [Aggregate(Aggregation.AGE, one) for one in predicates]
    hashes = {with_own(CATALOGUE, (OwnFeature("a", one, "days", "Same words"),)).hash for one in formulas}
    assert len(hashes) == 2


TEMPLATES = [
    (name, place)
    for name, value in vars(declaration).items()
    if isinstance(value, tuple) and value and isinstance(value[0], declaration.Template)
    for place in range(len(value))
]


@pytest.mark.parametrize(("name", "place"), TEMPLATES)
def test_the_hash_moves_with_everything_that_a_template_says(
    name: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = list(getattr(declaration, name))
    one = templates[place]
    changes = {
        "name": f"{one.name}_more",
        "unit": f"{one.unit} otherwise",
        "meaning": f"{one.meaning} Otherwise.",
        "absence": f"{one.absence} otherwise",
        "favour": 1 - one.favour,
        "categorical": not one.categorical,
        "windows": one.windows[1:] or ("", ""),
    }
    assert set(changes) == {field.name for field in dataclasses.fields(one)}
    hashes = {dataclasses.replace(CATALOGUE).hash}
    for part, other in changes.items():
        templates[place] = dataclasses.replace(one, **{part: other})
        monkeypatch.setattr(declaration, name, tuple(templates))
        hashes.add(dataclasses.replace(CATALOGUE).hash)
    assert len(hashes) == 1 + len(changes)


def test_the_hash_moves_when_the_kernel_is_said_to_mean_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dataclasses.replace(CATALOGUE).hash
    monkeypatch.setattr(catalogue, "MEANING", catalogue.MEANING + 1)
    assert dataclasses.replace(CATALOGUE).hash != before


@pytest.mark.parametrize("one", [CATALOGUE, OWNED, example()])
def test_every_feature_is_described_in_a_sentence(one: Catalogue) -> None:
    for feature in one.features:
        assert feature.meaning.endswith(".") or ":" in feature.meaning, feature
        assert "{" not in feature.name + feature.meaning, feature
        assert feature.unit, feature
        known = {"0", "1", "missing", "never absent", "0; missing without an account"}
        assert feature.absence in known or feature.absence.startswith("depends on "), feature
        assert feature.monotone in {-1, 0, 1}, feature
        assert feature.signal, feature


def test_sales_would_defend_the_directions() -> None:
    monotone = {feature.name: feature.monotone for feature in CATALOGUE.features}
    assert monotone["intent_count_7d"] == 1
    assert monotone["intent_age_days"] == -1
    assert monotone["negative_count_7d"] == -1
    assert monotone["negative_age_days"] == 1
    assert monotone["mail_count_7d"] == 0
    assert monotone["pricing_decayed_7d"] == 1


@settings(max_examples=100, deadline=None)
@given(kinds, kinds, st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), max_size=5, unique=True))
def test_names_are_unique_and_plain_whatever_a_crm_calls_its_kinds(
    names: tuple[str, ...], attributes: tuple[str, ...], families: list[str]
) -> None:
    made = Catalogue(
        kinds=("session", "session:first", "session first", "interactions", *names),
        families=Families(dict.fromkeys(["replies", "other", *families], ("x",))),
        attributes=tuple(AttributeSpec(name, AttributeType.NUMBER) for name in ("session_count_7d", *attributes)),
        timezone="UTC",
        valued=("interactions", "kind:session"),
    )
    assert len(set(made.names)) == len(made.names)
    assert all(name.isascii() and name.replace("_", "").replace(".", "").isalnum() for name in made.names)


def test_a_name_keeps_the_kind_readable_and_numbers_what_falls_together() -> None:
    made = Catalogue(("session:pricing_page", "session pricing", "session-pricing"), Families({}), (), "UTC")
    counts = [name for name in made.names if name.startswith(("session.", "session_")) and name.endswith("_count_30d")]
    assert counts == ["session.pricing_page_count_30d", "session_pricing_count_30d", "session_pricing_2_count_30d"]


def test_lightgbm_takes_the_names_as_they_are() -> None:
    names = list(example().names)
    matrix = np.random.default_rng(1).random((60, len(names)))
    data = lightgbm.Dataset(matrix, matrix[:, 0] > 0.5, feature_name=names)
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 2)
    assert lightgbm.Booster(model_str=booster.model_to_string()).feature_name() == names


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kinds": 1}', CATALOGUE.to_json().replace("number", "numbre")])
def test_what_is_no_catalogue_is_refused_in_words(text: str) -> None:
    with pytest.raises(DataError, match=r"^this is not a feature catalogue \(.*\); take the one that was written$"):
        Catalogue.from_json(text)


def _lead(number: int, *events: Interaction, attributes: tuple[Attribute, ...] = ()) -> LeadHistory:
    return LeadHistory(f"lead-{number:03}", CUTOFF - 100 * DAY, None, attributes, events)


def _event(name: str, kind: str, **more: object) -> Interaction:
    return Interaction(name, CUTOFF - DAY, kind, **more)  # type: ignore[arg-type]


def test_kinds_need_fifty_training_leads_and_are_ranked_by_them() -> None:
    leads = [
        _lead(
            n, _event("1", "mail"), *([_event("2", "pricing")] if n < 50 else []), *([_event("3", "call")] * (n < 49))
        )
        for n in range(60)
    ]
    made = build(histories(leads), [lead.lead_id for lead in leads], until=CUTOFF)
    assert made.kinds == ("mail", "pricing")
    assert made.rare_kinds == ("call",)


def test_what_comes_later_or_from_other_leads_chooses_no_columns() -> None:
    """60 leads have each kind, but of `late` nothing had arrived and `future` had not happened."""
    late = Interaction("2", CUTOFF - DAY, "late", received_at=CUTOFF + 1)
    future = Interaction("3", CUTOFF, "future")
    leads = [
        _lead(n, *([_event("1", "known"), late, future] if n < 60 else [_event("1", "foreign")])) for n in range(120)
    ]
    made = build(histories(leads), [lead.lead_id for lead in leads[:60]], until=CUTOFF)
    assert (made.kinds, made.rare_kinds) == (("known",), ())


def test_the_sixty_commonest_kinds_have_columns_and_no_more() -> None:
    leads = [_lead(n, *(_event(str(k), f"kind {k:02}") for k in range(70))) for n in range(50)]
    made = build(histories(leads), [lead.lead_id for lead in leads], until=CUTOFF)
    assert made.kinds == tuple(f"kind {k:02}" for k in range(60))
    assert len(made.rare_kinds) == 10


def test_categories_need_twenty_training_leads() -> None:
    leads = [
        _lead(n, attributes=(Attribute("industry", "bank" if n < 20 else "farm" if n < 45 else f"odd {n}"),))
        for n in range(64)
    ]
    made = build(histories(leads), [lead.lead_id for lead in leads], until=CUTOFF)
    assert made.attributes == (
        AttributeSpec("industry", AttributeType.CATEGORY, ("farm", "bank")),
        AttributeSpec("size", AttributeType.NUMBER),
    )


def test_sums_are_made_of_signals_in_which_values_occur() -> None:
    events = (_event("1", "demo_x", value=2.0, direction=Direction.INBOUND), _event("2", "mail"), _event("3", "call"))
    leads = [_lead(n, *events) for n in range(50)]
    made = build(histories(leads), [lead.lead_id for lead in leads], until=CUTOFF)
    assert set(made.valued) == {"interactions", "direction:inbound", "family:intent", "kind:demo_x"}


def test_more_families_than_can_be_told_apart_are_refused() -> None:
    families = Families({f"f{n}": ("x",) for n in range(49)})
    with pytest.raises(CallError, match=r"^\[families\]: 49 are declared; at most 48 can be, join some of them$"):
        Catalogue((), families, (), "UTC").signatures()
