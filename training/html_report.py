"""The report of a run: one HTML file that needs nothing else, for those who will call the leads and those who check it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from histories.clock import date
from scoring.bundle import Bundle
from training import disagreement, html_measures, html_pictures, html_tables, leakage_report, plainly
from training.bootstrap import DRAWS
from training.checks import Check
from training.fingerprint import Fingerprint
from training.fitted import Fitted, TargetResult
from training.gate import Decision, Verdict
from training.html_pictures import Picture
from training.html_table import Table
from training.leakage import Audit
from training.lineup import MODEL, Lineup
from training.plainly import Tile

PATH = "report.html"
MOST_DISPUTED = 10
_TEMPLATES = Path(__file__).parent / "html"
_TONES = {Decision.PROMOTE: "good", Decision.SAME: "plain", Decision.KEEP: "warn", Decision.CANNOT_TELL: "warn"}


@dataclass(frozen=True, slots=True)
class Fact:
    """A thing that is known of the measuring, and what it is."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One target: what is better, for whom, which leads are disputed, the pictures, and every measure.

    `model_above`: leads that the model ranks far above the rules, `rules_above` the reverse; None without a model.
    """

    key: str
    title: str
    basis: str
    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    segments: Table | None
    flags: tuple[str, ...]
    corners: tuple[str, ...]
    model_above: Table | None
    rules_above: Table | None
    pictures: tuple[Picture, ...]
    measures: Table


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report. `tone` of the verdict: good, warn or plain; `checks` and `audit` None where a run has none."""

    title: str
    tone: str
    verdict: str
    chapters: tuple[Chapter, ...]
    checks: Table | None
    audit_says: str
    audit: Table | None
    facts: tuple[Fact, ...]


def of_training(
    fitted: Fitted,
    lineups: Sequence[Lineup],
    verdict: Verdict,
    audit: Audit,
    fingerprint: Fingerprint,
    rulebook_version: str,
    drawn: Mapping[str, Figure],
) -> str:
    """Return the report of a training run. `drawn`: its figures by path."""
    facts = [
        *_export_facts(fingerprint),
        *_bundle_facts(fitted.bundle, rulebook_version),
        Fact("Test", _test(fitted)),
        *(fact for one in lineups for fact in _learnt(one, fitted.results[one.target])),
        *facts_of_measuring(lineups),
    ]
    return render(
        Page(
            title="Lead scoring: what the training came to",
            tone=_TONES[verdict.decision],
            verdict=verdict.sentence,
            chapters=chapters(lineups, drawn),
            checks=_checks(verdict.checks),
            audit_says=leakage_report.head(audit),
            audit=html_tables.findings(audit),
            facts=tuple(facts),
        )
    )


def _test(fitted: Fitted) -> str:
    said = f"leads as they were on {date(fitted.test_start)} and later; nothing of that was learnt from"
    if fitted.refitted:
        said += " in the bundle that was tested. What is handed over was learnt again, in the same way, from that too"
    return said


def of_comparison(
    lineups: Sequence[Lineup],
    sentence: str,
    bundle: Bundle,
    fingerprint: Fingerprint,
    rulebook_version: str,
    drawn: Mapping[str, Figure],
) -> str:
    """Return the report of the champion (as `model`) beside the rules; `sentence` says what came of it."""
    since = date(bundle.card.trained_until)
    facts = [
        *_export_facts(fingerprint),
        *_bundle_facts(bundle, rulebook_version),
        Fact("Test", f"leads as they were on {since} and later, after the champion's training"),
        *facts_of_measuring(lineups),
    ]
    return render(
        Page(
            title="Lead scoring: how the champion does",
            tone="plain",
            verdict=sentence,
            chapters=chapters(lineups, drawn),
            checks=None,
            audit_says="",
            audit=None,
            facts=tuple(facts),
        )
    )


def render(page: Page) -> str:
    """Return a page as HTML. All texts are escaped: names of leads and segments are the CRM's."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("report.html").render(page=page)


def chapters(lineups: Sequence[Lineup], drawn: Mapping[str, Figure]) -> tuple[Chapter, ...]:
    """Return one chapter a target, in the order of the lineups. `drawn`: their figures by path."""
    return tuple(_chapter(one, drawn) for one in lineups)


def _chapter(lineup: Lineup, drawn: Mapping[str, Figure]) -> Chapter:
    first = next(iter(lineup.contenders.values())).figures
    above, below = disagreement.disputed(lineup, MOST_DISPUTED)
    differ = MODEL in lineup.contenders and not lineup.same
    return Chapter(
        key=lineup.target.value,
        title=lineup.title,
        basis=(
            f"Measured on {first.leads:,} leads, looked at {first.snapshots:,} times while the question was open; "
            f"{first.converted_leads:,} of them converted."
        ),
        sentences=tuple(plainly.sentences(lineup)),
        tiles=plainly.tiles(lineup),
        segments=html_tables.segments(lineup),
        flags=tuple(flag for segment in lineup.segments for flag in segment.flags),
        corners=tuple(plainly.corners(lineup)),
        model_above=html_tables.disputed(lineup, above) if differ else None,
        rules_above=html_tables.disputed(lineup, below) if differ else None,
        pictures=tuple(html_pictures.pictures(drawn, lineup.target)),
        measures=html_measures.measures(lineup),
    )


def _checks(found: Sequence[Check]) -> Table | None:
    return html_tables.checks(found) if found else None


def _export_facts(fingerprint: Fingerprint) -> Iterator[Fact]:
    yield Fact(
        "Export",
        f"taken {date(fingerprint.exported_at)}: {fingerprint.leads:,} leads, "
        f"{fingerprint.interactions:,} interactions, {fingerprint.outcomes:,} outcomes",
    )
    yield Fact("Fingerprint of the export", fingerprint.sha256)


def _bundle_facts(bundle: Bundle, rulebook_version: str) -> Iterator[Fact]:
    yield Fact("Bundle", f"{bundle.version}, trained on what was known until {date(bundle.card.trained_until)}")
    yield Fact("Rulebook", rulebook_version)


def _learnt(lineup: Lineup, result: TargetResult) -> Iterator[Fact]:
    counts = result.counts
    yield Fact(
        f"{lineup.title}: learnt from",
        f"{counts.train_leads:,} leads ({counts.train_snapshots:,} snapshots), {counts.train_conversions:,} of them "
        f"converted",
    )
    yield Fact(f"{lineup.title}: how", _sentence(result.why))
    if result.learning is not None and result.learning.route is not None:
        yield Fact(f"{lineup.title}: by way of sql", _sentence(result.learning.route.sentence))
    yield Fact(f"{lineup.title}: answered by", f"the {result.champion.value}. {_sentence(result.reason)}")


def _sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def facts_of_measuring(lineups: Sequence[Lineup]) -> Iterator[Fact]:
    """Yield what each target was tested on, and how intervals were made."""
    for lineup in lineups:
        cutoffs = lineup.rows["cutoff"].to_pylist()
        first = next(iter(lineup.contenders.values())).figures
        yield Fact(
            f"{lineup.title}: tested on",
            f"{first.snapshots:,} snapshots from {date(min(cutoffs))} to {date(max(cutoffs))} whose {lineup.horizon_days} "
            f"days had passed; {first.conversions:,} of them ({first.prevalence:.2%}) converted{_left_out(lineup)}",
        )
        for one in list(lineup.capacity.values())[:1]:
            weeks = "1 week" if one.boards == 1 else f"{one.boards:,} weeks"
            yield Fact(f"{lineup.title}: calls", f"{one.calls_per_week:,} a week over {weeks}; nobody is called twice")
    yield Fact("Intervals", f"95%, from {DRAWS:,} draws of the test's accounts; the same draws for every score")


def _left_out(lineup: Lineup) -> str:
    if not lineup.left_out:
        return ""
    return f"; {lineup.left_out:,} more are left out, because the champion's training knew their leads or accounts"
