"""What is measured, at which sizes, and under which names it is kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import kept
from benchmarks.results.censored import ThreeWays, censored
from benchmarks.results.coverage import Coverage, coverage
from benchmarks.results.exports import example, sampled
from benchmarks.results.kept import Kept
from benchmarks.results.known_truth import BesideTruth, beside_truth
from benchmarks.results.side_by_side import SideBySide, side_by_side

SEEDS = 5
SAMPLES = (1_000, 10_000, 100_000)
TRUTHS = (20_000, 100_000)
CENSORED = (20_000,)
REAL = ("bpic2012", "olist")
PARTS = (*REAL, "sample", "truth", "censored", "coverage")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `leads`: sizes of the parts that have some; None: each part's own.

    `seeds`: of `truth` and `censored`, from 1 on. `rows` and `draws`: test snapshots whose truth is sought, and the paths
    for each. `fresh`, `repetitions`, `a_test`: of `coverage`, leads for the true difference, tests, and leads of a test.
    """

    parts: Sequence[str] = PARTS
    leads: Sequence[int] | None = None
    seeds: int = SEEDS
    rows: int = 6_000
    draws: int = 200
    fresh: int = 200_000
    repetitions: int = 100
    a_test: int = 2_000


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a folder holds."""

    compared: Sequence[Kept[SideBySide]]
    truths: Sequence[Kept[BesideTruth]]
    censored: Sequence[Kept[ThreeWays]]
    coverage: Sequence[Kept[Coverage]]

    @property
    def parts(self) -> list[Kept[object]]:
        """All of them, in the order in which they were measured."""
        return sorted([*self.compared, *self.truths, *self.censored, *self.coverage], key=lambda one: one.began)


def measure(plan: Plan, folder: Path, say: Say) -> None:
    """Measure what is planned and not kept in `folder` yet; `say` hears of each part that is done."""
    folder.mkdir(parents=True, exist_ok=True)
    for take in _steps(plan, folder):
        one = take()
        say(f"{one.name}: {one.seconds:,.0f} s")


def read(folder: Path) -> Results:
    """Return what `measure` has kept in `folder`."""
    return Results(
        kept.all_kept(folder, "compared", SideBySide),
        sorted(kept.all_kept(folder, "truth", BesideTruth), key=lambda one: (one.found.leads, one.found.seed)),
        sorted(kept.all_kept(folder, "censored", ThreeWays), key=lambda one: (one.found.leads, one.found.seed)),
        kept.all_kept(folder, "coverage", Coverage),
    )


def _steps(plan: Plan, folder: Path) -> Iterator[Callable[[], Kept[object]]]:
    for part in plan.parts:
        if part in REAL:
            yield lambda name=part: kept.keep(
                folder,
                f"compared-{name}",
                SideBySide,
                lambda: side_by_side(name, example(name), by_age=name == "bpic2012"),
            )
        elif part == "sample":
            for leads in plan.leads or SAMPLES:
                yield lambda leads=leads: kept.keep(
                    folder,
                    f"compared-sample-{leads}",
                    SideBySide,
                    lambda: side_by_side(f"sample, {leads:,} leads", sampled(leads, 1)[0], by_age=False),
                )
        elif part == "coverage":
            yield lambda: kept.keep(
                folder,
                f"coverage-{plan.fresh}-{plan.repetitions}-{plan.a_test}",
                Coverage,
                lambda: coverage(folder, plan.fresh, plan.repetitions, plan.a_test),
            )
        else:
            yield from _by_seed(part, plan, folder)


def _by_seed(part: str, plan: Plan, folder: Path) -> Iterator[Callable[[], Kept[object]]]:
    kind, take, sizes = {
        "truth": (BesideTruth, beside_truth, TRUTHS),
        "censored": (ThreeWays, censored, CENSORED),
    }[part]
    for leads in plan.leads or sizes:
        for seed in range(1, plan.seeds + 1):
            yield lambda leads=leads, seed=seed: kept.keep(
                folder, f"{part}-{leads}-{seed}", kind, lambda: take(leads, seed, plan.rows, plan.draws)
            )
