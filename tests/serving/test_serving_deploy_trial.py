"""A bento is tried with a key of its own, and with none of what the environment says to the service that runs."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from histories import clock
from serving import serve
from serving.deploy import build
from serving.http import keys
from serving.http.permission import Permission

NOW = clock.parse("2026-03-01")


def test_the_trial_answers_one_key_and_neither_keeps_nor_sends_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}

    @contextlib.contextmanager
    def started(_: object, environment: Mapping[str, str], *_more: object) -> Iterator[serve.Served]:
        given.update(environment)
        yield serve.Served("http://127.0.0.1:1", process=None)  # type: ignore[arg-type]  # nothing runs

    monkeypatch.setattr(serve, "started", started)
    for name in ("KEYS", "STORE", "REQUEST_LOG", "DEPLOYMENT", "WEBHOOK_URL", "OPEN_METRICS"):
        monkeypatch.setenv(f"LEAD_SCORING_{name}", "theirs")
    monkeypatch.setenv("LEAD_SCORING_MAX_INTERACTIONS", "7")
    with build.trial("lead_scoring:abc", tmp_path, NOW) as one:
        (key,) = keys.read(Path(given["LEAD_SCORING_KEYS"]))
        assert keys.claimed({key.id: key}, one.key) == key
    assert key.permissions == {Permission.PREDICT}
    assert one.key not in repr(one)
    ours = {
        name.removeprefix("LEAD_SCORING_"): value for name, value in given.items() if name.startswith("LEAD_SCORING_")
    }
    del ours["KEYS"]
    assert ours == {"WORKERS": "1", "REQUESTS_PER_MINUTE": "1000000", "MAX_INTERACTIONS": "7"}
