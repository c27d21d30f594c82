"""What a monitor saw on a terminal: figures first, then what cannot be known, then what needs a person."""

import math
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from histories.clock import date
from training import report_table
from training.checks import LEAST_RATIO, MOST_RATIO
from training.lineup import MODEL, RULES, Lineup
from training.monitor import kinds
from training.monitor.counted import Tally
from training.monitor.drift import FeatureDrift, ScoreDrift
from training.monitor.explored import Compared
from training.monitor.findings import Finding, alike, moved_features
from training.monitor.performance import Performance
from training.monitor.ratio import Ratio
from training.monitor.spans import age_range
from training.monitor.watch import Watched
from training.segments import AGE

_SHOWN = 8
_MOST_SEGMENTS = 16
_LEFT_OUT = {
    "what_if": "what-if questions",
    "other_moment": "as of another moment",
    "other_question": "by a bundle of another horizon or none that is kept",
    "unknown_lead": "of leads that the store does not know or that objected",
    "before_training": "as of a moment before their bundle's training ended",
    "settled": "reached or lost before",
    "repeated": "within the horizon of one that counts",
    "not_mature": "not mature",
}


def render(watched: Watched, console: Console) -> None:
    """Print it. Nothing is wider than 80 columns where names are short."""
    bundle = "no bundle is kept" if watched.bundle is None else f"newest bundle {watched.bundle.version}"
    span = f"{date(watched.since)} to {date(watched.now)}"
    console.print(f"{watched.answers:,} answers given, {span}; {bundle}\n", style="bold")
    for one in watched.performances:
        _performance(one, watched.compared.get(one.counted.target), console)
    for part in _drift(watched.features, watched.scores):
        console.print(Padding(part, (0, 0, 1, 0)))
    if watched.volumes:
        console.print(Padding(_volumes(watched), (0, 0, 1, 0)))
    _listed("Worth a look", watched.notices, console)
    _listed("Not known, or not yet", watched.not_known, console)
    console.print(_verdict(watched.findings))


def _performance(one: Performance, by_lot: Compared | None, console: Console) -> None:
    console.print(Text(one.heading, style="bold"))
    console.print(Text(_tally(one.counted.tally), style="dim"))
    if one.lineup is not None:
        console.print(report_table.render(one.lineup, [MODEL, RULES]))
        for text in _remarks(one, one.lineup):
            console.print(Text(text, style="dim"))
    if len(one.bundles) > 1:
        console.print(Padding(_bundles(one), (1, 0, 0, 0)))
    if one.cohorts:
        console.print(Padding(_cohorts(one), (1, 0, 0, 0)))
    if one.lineup is not None and one.lineup.segments:
        console.print(Padding(_segments(one.lineup), (1, 0, 0, 0)))
    if by_lot is not None and by_lot.differences:
        console.print(Padding(_by_lot(by_lot), (1, 0, 0, 0)))
    console.print()


def _remarks(one: Performance, lineup: Lineup) -> Iterator[str]:
    if one.sure is not None:
        yield (
            f"Predicted over observed by the model, with 99% certainty: {_value(one.sure.low)} to {_value(one.sure.high)}. "
            f"A person is called where all of that lies outside of {LEAST_RATIO:g} to {MOST_RATIO:g}."
        )
    yield f"Points as probabilities: by {one.worth}."
    if alike(lineup):
        yield "Model and rules have the leads in the same order: the bundle answers with points."


def _tally(tally: Tally) -> str:
    left = [f"{count:,} {words}" for name, words in _LEFT_OUT.items() if (count := int(getattr(tally, name)))]
    rest = f" Left out: {'; '.join(left)}." if left else ""
    return f"{tally.counted:,} of {tally.given:,} answers count, one a lead and horizon.{rest}"


def _bundles(one: Performance) -> Table:
    """The bundles that gave the answers, the newest last: a person is called by what that one said."""
    table = _table("by bundle", "from", "count", "converted", "model: pred./obs. (95%)")
    for bundle in one.bundles:
        counts = f"{bundle.counted:,}", f"{bundle.converted:,}"
        table.add_row(bundle.version, date(bundle.since), *counts, _span(bundle.ratio))
    return table


def _cohorts(one: Performance) -> Table:
    table = _table("answers of", "count", "converted", "model: pred./obs. (95%)", "rules", "not mature")
    for cohort in one.cohorts:
        table.add_row(
            cohort.period.name,
            f"{cohort.counted:,}",
            f"{cohort.converted:,}",
            _span(cohort.ratios[MODEL]) if MODEL in cohort.ratios else "–",
            _value(cohort.ratios[RULES].value) if RULES in cohort.ratios else "–",
            f"{cohort.waiting:,}",
        )
    return table


def _segments(lineup: Lineup) -> Table:
    """The ages of leads at their answers, then categories; those with few answers tell little."""
    table = _table("segment", "count", "converted", "model: pred./obs. (95%)", "AUC: model", "rules")
    for segment in lineup.segments[:_MOST_SEGMENTS]:
        model, rules = segment.scores[MODEL], segment.scores[RULES]
        apart = model.predicted_over_observed
        table.add_row(
            Text(f"age {age_range(segment.value or '')}" if segment.name == AGE else segment.title),
            f"{segment.snapshots:,}",
            f"{segment.converted_leads:,}",
            f"{_value(apart.value)} ({_value(apart.low)} to {_value(apart.high)})",
            _value(model.auc.value),
            _value(rules.auc.value),
        )
    return table


def _by_lot(one: Compared) -> Table:
    table = _table("handed over, weighted", "model", "rules", "difference (95% interval)")
    for key, name in (("auc", "AUC"), ("log_loss", "log loss"), ("lift_top_tenth", "lift, top tenth")):
        values = [f"{one.scores[score][key].value:.3f}" for score in (MODEL, RULES)]
        apart = one.differences[key]
        table.add_row(name, *values, f"{apart.value:+.3f} ({apart.low:+.3f} to {apart.high:+.3f})")
    table.caption = (
        f"{one.handed_over:,} times a lead was handed over; {one.explored:,} leads by lot, {one.converted:,} converted"
    )
    return table


def _drift(features: FeatureDrift | None, scores: ScoreDrift | None) -> Iterator[RenderableType]:
    if features is not None and features.shifts:
        moved = moved_features(features)
        told = sum(one.told for one in features.shifts.values())
        head = (
            f"{len(moved)} of {told} features moved ({features.current:,} snapshots of the last four weeks against "
            f"{features.reference:,} before the training's end)"
        )
        yield Text(head, style="bold")
        if moved:
            table = _table("feature", "PSI", "by luck", "at most")
            for name, one in list(moved.items())[:_SHOWN]:
                table.add_row(name, f"{one.psi:.2f}", f"{one.by_luck:.2f}", f"{one.bound:.2f}")
            yield table
    if scores is not None and scores.shift.told:
        shift, verb = scores.shift, "moved" if scores.shift.moved else "did not move"
        shares = ", ".join(f"{grade} {was:.0%} → {now:.0%}" for grade, (was, now) in scores.grades.items())
        yield Text(
            f"The open leads' scores {verb}: PSI {shift.psi:.2f}, by luck {shift.by_luck:.2f}, at most {shift.bound:.2f}. "
            f"Grades, reference → now: {shares}."
        )


def _volumes(watched: Watched) -> Table:
    table = _table("interactions a day", "last week", "weeks before", "")
    fell = {one.kind for one in kinds.fallen(watched.volumes)}
    new = {one.kind for one in watched.unknown}
    shown = [one for place, one in enumerate(watched.volumes) if place < _SHOWN or one.kind in fell]
    for one in shown:
        words = " ".join(word for word, told in (("fell", one.kind in fell), ("unknown", one.kind in new)) if told)
        table.add_row(Text(one.kind), f"{one.a_day:.1f}", f"{one.before:.1f}", Text(words, style="yellow"))
    return table


def _listed(title: str, sentences: tuple[str, ...], console: Console) -> None:
    if sentences:
        console.print(Text(title, style="bold"))
        for one in sentences[:_SHOWN]:
            console.print(Padding(Text(f"- {one}"), (0, 0, 0, 1)))
        if len(sentences) > _SHOWN:
            console.print(Text(f" and {len(sentences) - _SHOWN} more; --json and MLflow have all", style="dim"))
        console.print()


def _verdict(findings: tuple[Finding, ...]) -> Panel:
    if not findings:
        return Panel(Text("Nothing needs a person."), border_style="green")
    text = Text()
    for place, one in enumerate(findings):
        text.append("\n\n" if place else "")
        text.append(f"{one.subject}: ", style="bold").append(f"{one.what} {one.why}\n").append(one.do, style="dim")
    title = "1 thing needs a person" if len(findings) == 1 else f"{len(findings)} things need a person"
    return Panel(text, title=title, title_align="left", border_style="red")


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", caption_justify="left")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left")
    return table


def _span(one: Ratio) -> str:
    return f"{_value(one.value)} ({_value(one.low)} to {_value(one.high)})"


def _value(value: float) -> str:
    return "∞" if math.isinf(value) else "–" if math.isnan(value) else f"{value:.2f}"
