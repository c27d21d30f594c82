"""Runs the command in the test's own process, to an end that it says something of."""

from typing import NamedTuple

import pytest

import lead_scoring


class Ended(NamedTuple):
    """Exit status, and what was said on stdout and on stderr."""

    status: int
    out: str
    err: str


def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Ended:
    """Run `lead-scoring` with these words, which do not end well."""
    monkeypatch.setattr("sys.argv", ["lead-scoring", *words])
    with pytest.raises(SystemExit) as ended:
        lead_scoring.main()
    assert isinstance(ended.value.code, int)
    return Ended(ended.value.code, *capsys.readouterr())
