"""Finished trials outlive a search that is broken off, and whoever breaks it off is told so."""

import logging
from pathlib import Path

import pytest

from training.settings import by_size
from training.trials import Journal, Trial, told


def broken_off(folder: Path, counts: list[int], error: BaseException) -> None:
    """Break off a run with that many finished trials in each of its searches."""
    with told(folder, KeyboardInterrupt):
        for number, count in enumerate(counts):
            journal = Journal(folder / f"{number}.jsonl")
            for _ in range(count):
                journal.add(Trial(by_size(100), (0.5,), pruned=False, seconds=1.0))
        raise error


@pytest.mark.parametrize(("counts", "said"), [([1], "1 finished trial is"), ([2, 3], "5 finished trials are")])
def test_whoever_breaks_a_search_off_is_told_how_to_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, counts: list[int], said: str
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(KeyboardInterrupt):
        broken_off(tmp_path / "kept", counts, KeyboardInterrupt())
    assert caplog.messages == [f"{said} kept in {tmp_path / 'kept'}: the same command goes on from there"]


@pytest.mark.parametrize(("counts", "error"), [([], KeyboardInterrupt()), ([2], ValueError("an error"))])
def test_without_trials_and_after_errors_nothing_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, counts: list[int], error: BaseException
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(type(error)):
        broken_off(tmp_path / "kept", counts, error)
    assert caplog.messages == []
