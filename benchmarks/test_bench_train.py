"""Learning takes little more than LightGBM itself does: time and memory, on a matrix of many features.

uv run pytest benchmarks/test_bench_train.py                                      # a minute
uv run pytest benchmarks/test_bench_train.py --train-rows 500000 --train-columns 300 -s --timeout 0
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

CHILD = Path(__file__).parent / "train_beside_lightgbm.py"
MOST_TIME, MOST_MEMORY = 1.4, 2.5
ROWS_THAT_CUT_BINS = 200_000


def ran(*words: object) -> Mapping[str, float]:
    command = [sys.executable, str(CHILD), *map(str, words)]
    told: Mapping[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told


@pytest.mark.timeout(0)
def test_learning_beside_bare_lightgbm(request: pytest.FixtureRequest) -> None:
    """All that learning does for one target, tuning apart, against LightGBM for the same boosters alone."""
    size = request.config.getoption("--train-rows"), request.config.getoption("--train-columns")
    ours = ran("ours", *size)
    bare = ran("bare", *size, ours["rounds"])
    ratio = ours["seconds"] / bare["seconds"]
    print(  # noqa: T201 -- what was measured
        f"\n{size[0]:,} x {size[1]}, {ours['rounds']} rounds: {ours['seconds']:.1f} s of the processor beside "
        f"{bare['seconds']:.1f} s ({ratio:.2f} times); peak {ours['matrices']:.2f} matrices beside {bare['matrices']:.2f}"
    )
    assert ratio <= MOST_TIME
    # LightGBM cuts bins on 200,000 rows, which it copies with their numbers: 1.5 matrices where there are no more.
    if size[0] > 2 * ROWS_THAT_CUT_BINS:
        assert ours["matrices"] <= MOST_MEMORY
