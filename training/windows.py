"""What settings do on the windows inside training: out-of-sample margins, and the rounds that serve all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.booster import FloatArray, Rows, Start, Watched, Window, margins, watch
from training.settings import Settings
from training.split import Split


@dataclass(frozen=True, eq=False)
class Windows:
    """What settings did on the windows: out-of-sample margins (raw scores) and labels, oldest window first.

    Margins hold the margins that trees started from. `log_loss`: nats a snapshot, over all windows, each row once.
    """

    settings: Settings
    rounds: int
    log_loss: float
    margins: tuple[FloatArray, ...]
    labels: tuple[NDArray[np.int8], ...]


def windows_of(split: Split, start: Start | None) -> tuple[Window, ...]:
    """Return the folds of a split in rows of its training part, oldest first."""
    starts = [None] * len(split.folds) if start is None else start.folds
    return tuple(
        Window(
            train=np.searchsorted(split.train, one.train),
            weights=one.weights,
            validation=np.searchsorted(split.train, one.validation),
            start=begun,
        )
        for one, begun in zip(split.folds, starts, strict=True)
    )


def tried(rows: Rows, windows: Sequence[Window], settings: Settings, seed: int) -> Iterator[list[Watched]]:
    """Grow on one window after the other, and yield what was watched so far: whoever has seen enough stops there."""
    watched: list[Watched] = []
    for one in windows:
        watched.append(watch(rows, one, settings, seed))
        yield watched


def try_settings(rows: Rows, windows: Sequence[Window], settings: Settings, seed: int) -> Windows:
    """Predict each window from what was known before it, with the number of rounds that serves all windows best."""
    watched = list(tried(rows, windows, settings, seed))[-1]
    return margins_of(rows, windows, settings, watched)


def margins_of(rows: Rows, windows: Sequence[Window], settings: Settings, watched: Sequence[Watched]) -> Windows:
    """Predict each window with the booster that was grown before it, at the rounds common to all."""
    rounds, loss = common_rounds(watched, [len(one.validation) for one in windows])
    found = tuple(margins(rows, grown.booster, one, rounds) for grown, one in zip(watched, windows, strict=True))
    return Windows(settings, rounds, loss, found, tuple(rows.labels[one.validation] for one in windows))


def common_rounds(watched: Sequence[Watched], sizes: Sequence[int]) -> tuple[int, float]:
    """Return the rounds at which the windows' losses, weighted by their snapshots, are least; and that loss."""
    length = min(len(one.losses) for one in watched)
    losses = np.average([one.losses[:length] for one in watched], axis=0, weights=sizes)
    best = int(np.argmin(losses))
    return best + 1, float(losses[best])
