"""What the store holds for a monitor: histories, answers, and the bundles and rulebooks that gave them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import pyarrow as pa

from histories.errors import DataError
from histories.store import Store, histories
from histories.store.kept.artifacts import Kind, artifact
from histories.store.kept.given import given, handed_over
from histories.store.known.recorded import watermark_by
from scoring import archive
from training.monitor.known import Known

_Kept = TypeVar("_Kept")


def known(store: Store, since: int, now: int) -> Known:
    """Read what was given from `since` to `now` (UTC microseconds), and all that the store had been told by `now`.

    Raises DataError where a bundle that is kept is damaged, StoreUnavailableError.
    """
    answers = given(store, since, now)
    return Known(
        histories=histories(store, now, watermark_by(store, now)),
        answers=answers,
        handed_over=handed_over(store, since, now),
        bundles=_read(store, answers, "bundle_version", Kind.BUNDLE, archive.bundle),
        rulebooks=_read(store, answers, "rulebook_version", Kind.RULEBOOK, archive.rulebook),
        newest=_newest(answers),
    )


def _read(
    store: Store, answers: pa.Table, column: str, kind: Kind, read: Callable[[bytes, str], _Kept]
) -> Mapping[str, _Kept]:
    found = {}
    for version in sorted(answers[column].unique().to_pylist()):
        try:
            content = artifact(store, version, kind)
        except DataError:  # answers of a version that is not kept are counted, and told as not known
            continue
        found[version] = read(content, version)
    return found


def _newest(answers: pa.Table) -> tuple[str, str] | None:
    if not answers.num_rows:
        return None
    place = int(np.argmax(answers["answered_at"].to_numpy()))
    return answers["bundle_version"][place].as_py(), answers["rulebook_version"][place].as_py()
