"""How often PSI goes beyond a bound by luck alone: the table of docs/monitor.md (`python -m benchmarks.psi_beside_luck`).

Both samples of a pair are drawn from one distribution, so that whatever is told is luck. Accounts have two leads on
average, which are alike; half of the features are counts that are mostly 0.
"""

import numpy as np
from numpy.typing import NDArray

from training.monitor import psi
from training.monitor.psi import Sample, shift

FloatArray = NDArray[np.float64]
SIZES = ((25, 25), (40, 200), (100, 100), (100, 1_000), (400, 1_000))
PAIRS, FEATURES, SEED = 60, 60, 1
FIXED = 0.2


def drawn(rng: np.random.Generator, accounts: int, *, counts: bool) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return a value for each lead, and its account: one lead and more, half of what a lead is being its account's."""
    group = np.repeat(np.arange(accounts), 1 + rng.poisson(1.0, accounts))
    value = (rng.normal(size=accounts)[group] + rng.normal(size=len(group))) / np.sqrt(2)
    return (np.floor(np.exp(np.clip(value - 0.5, None, 3))) if counts else value), group


def beyond(rng: np.random.Generator, now: int, before: int) -> tuple[float, float, float]:
    """Return the shares of pairs whose PSI is beyond the 5% bound, beyond the 1% bound, and above FIXED."""
    found = []
    for feature in range(FEATURES):
        for _ in range(PAIRS):
            old, old_group = drawn(rng, before, counts=feature % 2 == 0)
            new, new_group = drawn(rng, now, counts=feature % 2 == 0)
            most = min(psi.MOST_BINS, min(now, before) // psi.LEAST_IN_BIN)
            cuts = psi.edges(old, most)
            samples = (
                Sample(psi.binned(old, cuts), np.ones(len(old)), old_group),
                Sample(psi.binned(new, cuts), np.ones(len(new)), new_group + before),
            )
            five = shift(*samples, 0.05)
            if five.told:
                found.append((five.p < 0.05, five.p < 0.01, five.psi > FIXED))
    shares = np.mean(found, axis=0)
    return float(shares[0]), float(shares[1]), float(shares[2])


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(SEED)
    print("| accounts now | accounts before | beyond the 5% bound | beyond the 1% bound | PSI above 0.2 |")  # noqa: T201
    print("|---|---|---|---|---|")  # noqa: T201
    for now, before in SIZES:
        five, one, fixed = beyond(rng, now, before)
        print(f"| {now} | {before:,} | {five:.1%} | {one:.1%} | {fixed:.1%} |")  # noqa: T201


if __name__ == "__main__":
    main()
