"""What settings do on the windows inside training: out-of-sample margins, and the rounds that serve all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from training.booster import FloatArray, Rows, Start, Watched, Window, margins, watch
from training.settings import Settings
from training.split import Split


@dataclass(frozen=True, eq=False)
class Windows:
    """What settings did on the windows: out-of-sample margins (raw scores) and labels, oldest window first.

    Margins hold the margins that trees started from. `losses`: log loss over the windows so far, nats a snapshot, each
    row once, after each window at the rounds that serve those best. `grown`: the booster of each window, which may have
    more than `rounds` trees; its raw scores leave the start out.
    """

    settings: Settings
    rounds: int
    losses: tuple[float, ...]
    margins: tuple[FloatArray, ...]
    labels: tuple[NDArray[np.int8], ...]
    grown: tuple[lightgbm.Booster, ...]

    @property
    def log_loss(self) -> float:
        """Log loss over all windows, nats a snapshot."""
        return self.losses[-1]


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
        yield list(watched)


def try_settings(rows: Rows, windows: Sequence[Window], settings: Settings, seed: int) -> Windows:
    """Predict each window from what was known before it, with the number of rounds that serves all windows best."""
    *before, watched = tried(rows, windows, settings, seed)
    sizes = [len(one.validation) for one in windows]
    rounds, loss = common_rounds(watched, sizes)
    losses = tuple(common_rounds(so_far, sizes[: len(so_far)])[1] for so_far in before)
    found = tuple(margins(rows, grown.booster, one, rounds) for grown, one in zip(watched, windows, strict=True))
    labels = tuple(rows.labels[one.validation] for one in windows)
    return Windows(settings, rounds, (*losses, loss), found, labels, tuple(one.booster for one in watched))


def common_rounds(watched: Sequence[Watched], sizes: Sequence[int]) -> tuple[int, float]:
    """Return the rounds at which the windows' losses, weighted by their snapshots, are least; and that loss."""
    length = min(len(one.losses) for one in watched)
    losses = np.average([one.losses[:length] for one in watched], axis=0, weights=sizes)
    best = int(np.argmin(losses))
    return best + 1, float(losses[best])
