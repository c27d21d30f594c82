"""recipe.toml: what to predict, from which snapshots, tested on what, and what the business can do with it."""

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from features.own import features as own
from features.own.features import OwnFeature
from histories import clock, toml_file
from histories.contract import Target
from histories.errors import CallError

DEFAULT_AGES = ("0h", "1d", "3d", "7d", "14d", "30d", "60d", "90d", "180d")
DEFAULT_HORIZONS = {Target.SQL: 30, Target.CUSTOMER: 90}
DEFAULT_TEST_SHARE = 0.2
DEFAULT_KEPT_SHARE = 0.5
DEFAULT_MARGIN = 0.002
DEFAULT_GRADES = (90.0, 70.0, 40.0)


@dataclass(frozen=True, slots=True)
class Age:
    """How old a lead is at a snapshot: as the recipe writes it, and in microseconds after creation.

    0 stands for the moment after the lead's first interaction.
    """

    text: str
    micros: int


class Ship(StrEnum):
    """Which bundle a run hands over: the tested one, or one learnt anew from all that the export knows."""

    TESTED = "tested"
    REFIT = "refit"


@dataclass(frozen=True, slots=True)
class Search:
    """How long to look for better settings than the defaults, for each target: so many trials, or minutes.

    One of the two is set. `kept_in`: a folder in which finished trials are kept, so that a run that was killed can go
    on from them; None: they are not.
    """

    trials: Mapping[Target, int] | None
    minutes: float | None
    kept_in: Path | None = None


@dataclass(frozen=True, slots=True)
class Business:
    """What sales can do and what it is worth. None: not said.

    `calls_per_week`: leads that sales can take on in a week. `deal_value` and `call_cost`: in the CRM's currency.
    `explore`: the share of calls that goes to leads drawn by lot.
    """

    calls_per_week: int | None = None
    deal_value: float | None = None
    call_cost: float = 0.0
    explore: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run's settings.

    `horizons`: days, for each target to train. `ages`: sorted, unique. Exactly one of `test_from` (UTC
    microseconds: snapshots from then on are the test) and `test_share` (the newest share of the mature
    snapshots) is set. `kept_share`: of the leads and accounts on both sides of a border, those that train. `ship`: whether the tested bundle is handed over, or a refit with its settings. `grades`: the least score for A, B and C. `segments`: attributes to measure by.
    `gate_margin`: log loss that a challenger may be worse than the champion by. `features`: a team's own, in their
    order. `source`: the file's text.
    """

    seed: int
    horizons: Mapping[Target, int]
    ages: tuple[Age, ...]
    test_from: int | None
    test_share: float | None
    kept_share: float
    ship: Ship
    grades: tuple[float, float, float]
    search: Search | None
    business: Business
    segments: tuple[str, ...]
    gate_margin: float
    features: tuple[OwnFeature, ...]
    source: str


def read(path: Path, zone: str = "UTC") -> Recipe:
    """Read a recipe. Times without an offset are read in `zone` (an IANA name). Raises CallError."""
    return parse(toml_file.read_text(path), path.name, zone)


def default() -> Recipe:
    """Return the recipe of a project that has written none."""
    return parse("", "recipe.toml")


def keeping_trials(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with a folder in which finished trials are kept; one without a search as it is."""
    return recipe if recipe.search is None else replace(recipe, search=replace(recipe.search, kept_in=folder))


def parse(text: str, name: str, zone: str = "UTC") -> Recipe:
    """Read a recipe from a text; `name` stands for the file in messages. Every key may be left out."""
    top = toml_file.parse(text, name)
    seed = top.whole("seed", at_least=0, at_most=2**31 - 1)
    test_from, test_share, kept_share, ship = _split(top.table("split"), zone)
    horizons = _horizons(top.table("targets"))
    recipe = Recipe(
        seed=1 if seed is None else seed,
        horizons=horizons,
        ages=_ages(top.table("snapshots")),
        test_from=test_from,
        test_share=test_share,
        kept_share=kept_share,
        ship=ship,
        grades=_grades(top),
        search=_search(top.table("search"), horizons),
        business=_business(top.table("business")),
        segments=_segments(top.table("report")),
        gate_margin=_margin(top.table("gate")),
        features=own.read(top.tables("features")),
        source=text,
    )
    top.finish()
    return recipe


def _horizons(table: toml_file.Table | None) -> Mapping[Target, int]:
    if table is None:
        return dict(DEFAULT_HORIZONS)
    horizons = {}
    for target in Target:
        one = table.table(target.value)
        if one is None:
            continue
        days = one.whole("horizon_days", at_least=1, at_most=3650)
        if days is None:
            one.missing("horizon_days", "write the days within which the outcome must come, such as 30")
        one.finish()
        horizons[target] = days
    table.finish()
    if Target.CUSTOMER not in horizons:
        table.fail(
            "customer", "is missing; write [targets.customer] with horizon_days: scores and grades are made from it"
        )
    return horizons


def _ages(table: toml_file.Table | None) -> tuple[Age, ...]:
    texts: tuple[str, ...] | None = None
    if table is not None:
        texts = table.texts("ages")
        table.finish()
    ages = []
    for text in texts or DEFAULT_AGES:
        try:
            ages.append(Age(text, clock.span(text)))
        except CallError as error:
            assert table is not None  # noqa: S101 -- the defaults are spans; mypy cannot know
            table.fail("ages", str(error))
    ordered = sorted(ages, key=lambda age: age.micros)
    for first, second in itertools.pairwise(ordered):
        if table is not None and first.micros == second.micros:
            table.fail("ages", f"{first.text!r} and {second.text!r} are the same age; write each age once")
    return tuple(ordered)


def _split(table: toml_file.Table | None, zone: str) -> tuple[int | None, float | None, float, Ship]:
    if table is None:
        return None, DEFAULT_TEST_SHARE, DEFAULT_KEPT_SHARE, Ship.TESTED
    test_from, test_share = table.moment("test_from", zone), table.number("test_share", 0.01, 0.9)
    kept_share = table.number("kept_share", 0, 0.9)
    ship = Ship(table.choice("ship", [one.value for one in Ship]) or Ship.TESTED)
    table.finish()
    if test_from is not None and test_share is not None:
        table.fail("test_share", "stands beside test_from; write one of the two")
    if test_from is None and test_share is None:
        test_share = DEFAULT_TEST_SHARE
    return test_from, test_share, DEFAULT_KEPT_SHARE if kept_share is None else kept_share, ship


def _grades(top: toml_file.Table) -> tuple[float, float, float]:
    grades = top.numbers("grades")
    if grades is None:
        return DEFAULT_GRADES
    if len(grades) != 3 or not 100 >= grades[0] > grades[1] > grades[2] >= 0:
        top.fail("grades", f"{list(grades)} must be the least scores for A, B and C, falling, such as [90, 70, 40]")
    return grades[0], grades[1], grades[2]


def _search(table: toml_file.Table | None, targets: Collection[Target]) -> Search | None:
    if table is None:
        return None
    trials, minutes = _trials(table, targets), table.number("minutes", at_least=0.01)
    table.finish()
    if (trials is None) == (minutes is None):
        table.fail("trials", "or minutes must be written, and only one of the two")
    return Search(trials, minutes)


def _trials(table: toml_file.Table, targets: Collection[Target]) -> Mapping[Target, int] | None:
    """One number for all targets, or a table with one for each: under `minutes`, they come to different numbers."""
    if not isinstance(table.raw("trials"), Mapping):
        trials = table.whole("trials", at_least=1)
        return None if trials is None else dict.fromkeys(targets, trials)
    each = table.table("trials")
    assert each is not None  # noqa: S101 -- it is a mapping; mypy cannot know
    found = {}
    for target in targets:
        trials = each.whole(target.value, at_least=1)
        if trials is None:
            each.missing(target.value, "write its number of trials")
        found[target] = trials
    each.finish()
    return found


def _business(table: toml_file.Table | None) -> Business:
    if table is None:
        return Business()
    business = Business(
        table.whole("calls_per_week", at_least=1),
        table.number("deal_value", at_least=0),
        table.number("call_cost", at_least=0) or 0.0,
        table.number("explore", 0, 0.5) or 0.0,
    )
    table.finish()
    return business


def _segments(table: toml_file.Table | None) -> tuple[str, ...]:
    if table is None:
        return ()
    segments = table.texts("segments") or ()
    table.finish()
    return segments


def _margin(table: toml_file.Table | None) -> float:
    if table is None:
        return DEFAULT_MARGIN
    margin = table.number("margin", at_least=0)
    table.finish()
    return DEFAULT_MARGIN if margin is None else margin
