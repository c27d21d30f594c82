"""The champion before it is deployed: held against what answers now, built, and asked for golden requests."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commands.champion import scorer
from histories import select
from histories.contract import Histories
from histories.errors import DataError
from histories.origin import Origin
from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from scoring.answer import Answer
from scoring.scorer import Scorer
from serving.deploy import build, golden, shift
from serving.deploy.deployment import Deployment
from serving.deploy.golden import Checked
from serving.deploy.shift import Shift
from serving.deploy.workers import Worker
from serving.engine import BUNDLE, RULEBOOK
from training.fitted import Progress
from training.promote import Resolved


@dataclass(frozen=True, slots=True)
class Tried:
    """A champion that may be rolled out: its bento, what was checked, what it changes.

    `incomparable` says why it could not be held against what answers now; empty where it was, or where nothing answers.
    """

    bento: str
    checked: Checked
    shift: Shift
    incomparable: str


def answering(place: Deployment, workers: Sequence[Worker]) -> str | None:
    """Return the tag that is in force; before the first deploy, that of the service that started last."""
    order = place.current()
    return order.tag if order else next((one.tag for one in reversed(workers) if one.tag), None)


def attempt(
    place: Deployment,
    best: Resolved,
    tag: str,
    config: Origin,
    leads: int,
    workers: Sequence[Worker],
    now: int,
    step: Progress,
) -> Tried:
    """Try the champion, packed under `tag`, on an export's open leads, as of when that was taken.

    Raises DataError where an answer over HTTP is not the scorer's own, bit for bit.
    """
    step("Reading the export", 0, 5)
    histories = config.histories(now)
    new, (old, why) = scorer(best, None), _running(place, answering(place, workers))
    step("Scoring open leads with the champion", 1, 5)
    answers = new.score_board(histories, histories.exported_at)
    step("Scoring them with what answers now", 2, 5)
    found = _shift(histories, answers, new, old)
    step("Building the bento", 3, 5)
    bento = build.build(tag)
    step("Asking it for golden requests", 4, 5)
    return Tried(bento, _checked(bento, histories, new, golden.spread(answers, leads), now), found, why)


def _running(place: Deployment, tag: str | None) -> tuple[Scorer | None, str]:
    """The scorer of what answers now, or None and why there is none."""
    if tag is None:
        return None, ""
    try:
        folder = place.model(tag)
        return Scorer(bundles.read(folder / BUNDLE), rulebooks.read(folder / RULEBOOK)), ""
    except DataError as error:
        return None, f"What changes cannot be told: {error}"


def _shift(histories: Histories, answers: Sequence[Answer], new: Scorer, old: Scorer | None) -> Shift:
    as_of = histories.exported_at
    before = old.score_board(histories, as_of) if old else []
    return shift.measure(answers, new.bundle, as_of, before, old.bundle if old else None)


def _checked(bento: str, histories: Histories, scorer: Scorer, lead_ids: Sequence[str], now: int) -> Checked:
    wanted = set(lead_ids)
    asked = [one for one in select.each(histories) if one.lead_id in wanted]
    with (
        tempfile.TemporaryDirectory(prefix="lead-scoring-") as scratch,
        build.trial(bento, Path(scratch), now) as tried,
    ):
        return golden.check(tried.url, tried.key, scorer, asked, histories.exported_at)
