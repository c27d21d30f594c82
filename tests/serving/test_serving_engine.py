"""A bundle is answered from once it is loaded; one that cannot be loaded leaves a process that is never ready."""

import logging
import shutil
import threading
from pathlib import Path

import pytest
from serving_world import Packable

from scoring.rulebook import Rulebook
from serving.engine import BUNDLE, RULEBOOK, Engine
from serving.wire.errors import RequestError


@pytest.fixture
def folder(packable: Packable, tmp_path: Path) -> Path:
    shutil.copytree(packable.bundle_folder, tmp_path / BUNDLE)
    shutil.copyfile(packable.rulebook, tmp_path / RULEBOOK)
    return tmp_path


def version(engine: Engine) -> str:
    reply = engine.predictor.predict(b'{"leads": [1]}', "r1", 0)
    return str(reply.body.split(b'"rulebook_version":"')[1][:12].decode())


def test_loading_happens_on_a_thread_and_ends_in_answers(folder: Path, rulebook: Rulebook) -> None:
    engine = Engine(None, 100)
    with pytest.raises(RequestError, match=r"^the bundle is still being loaded; try again in a few seconds$"):
        _ = engine.predictor
    engine.start(folder).join()
    assert version(engine) == rulebook.version


def test_from_the_start_on_it_will_answer_and_after_a_failure_it_will_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(None, 100)
    assert not engine.will_answer
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda _: None)
        engine.start(folder)
    assert engine.will_answer, "a request that comes at once waits too, though not even an import has begun"
    engine.load(folder)
    assert not engine.will_answer
    (folder / RULEBOOK).write_text("nonsense", encoding="utf-8")
    broken = Engine(None, 100)
    broken.load(folder)
    assert not broken.will_answer


def test_a_rulebook_of_its_own_takes_the_place_of_the_packed_one(
    folder: Path, tmp_path: Path, rulebook: Rulebook
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(rulebook.source.replace("points = 25", "points = 24"), encoding="utf-8")
    engine = Engine(other, 100)
    engine.load(folder)
    assert version(engine) != rulebook.version


def test_a_damaged_bundle_is_named_in_the_log_and_never_ready(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    damaged = next(path for path in (folder / BUNDLE).iterdir() if path.name != "manifest.json" and path.is_file())
    damaged.write_text("{}", encoding="utf-8")
    engine = Engine(None, 100)
    with caplog.at_level(logging.ERROR):
        engine.load(folder)
    assert f"cannot serve: {damaged}" in caplog.text
    with pytest.raises(RequestError):
        _ = engine.predictor
