"""What `lead-scoring deploy` refuses before it does anything, and the whole of it on a small sample."""

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from command_here import fails
from command_walk import COMMAND, environment, run

from histories.errors import CallError

WRONG = "error: deploy: name the export (CRM.toml), or give --rollback or --list, and only one of the three\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAD_SCORING_DEPLOYMENT", raising=False)


@pytest.mark.parametrize("words", [[], ["crm.toml", "--list"], ["--list", "--rollback"], ["crm.toml", "--rollback"]])
def test_an_export_a_rollback_or_the_list_is_asked_for_and_one_alone(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(monkeypatch, capsys, "deploy", *words)[::2] == (CallError.exit_status, WRONG)


def test_where_nobody_can_be_asked_yes_must_be_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = fails(monkeypatch, capsys, "deploy", "crm.toml")
    assert ended.status == CallError.exit_status
    assert ended.err == "error: deploy: nobody can be asked here whether to roll out; give --yes\n"


def test_a_rollback_of_nothing_says_where_nothing_was_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = fails(monkeypatch, capsys, "deploy", "--rollback")
    folder = tmp_path / ".lead-scoring" / "deployment"
    assert (ended.status, ended.err) == (1, f"error: nothing to go back to in {folder}: nothing was deployed\n")


def test_a_rulebook_beside_a_deployment_is_refused_by_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ".lead-scoring" / "deployment"
    folder.mkdir(parents=True)
    (folder / "current").write_text("lead_scoring:0123456789ab 2026-01-01T00:00:00Z\n", encoding="utf-8")
    ended = fails(monkeypatch, capsys, "serve", "--rulebook", "rulebook.toml")
    assert ended.status == CallError.exit_status
    assert ended.err.startswith(
        f"error: --rulebook: lead_scoring:0123456789ab is deployed in {folder}, with a rulebook of its own;"
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_published_rulebook_comes_into_the_running_service_and_goes_back(tmp_path: Path) -> None:
    """Sample, train, serve, publish an edit, deploy, roll back: requests meanwhile are all answered."""
    for words in (["sample", "crm", "--leads", "2000"], ["train", "crm/crm.toml"]):
        done = run(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    with service(tmp_path, 38_219) as url:
        first, statuses, ended = versions(url), list[int](), threading.Event()
        asking = threading.Thread(target=ask, args=(url, statuses, ended))
        asking.start()
        edited = tmp_path / "edited.toml"
        text = (tmp_path / "crm" / "rulebook.toml").read_text(encoding="utf-8")
        edited.write_text(re.sub(r"^points = (\d+)$", "points = 1\\1", text, count=1, flags=re.MULTILINE), "utf-8")
        assert run(tmp_path, "rules", "publish", "edited.toml").returncode == 0
        deployed = patiently(tmp_path, "deploy", "crm/crm.toml", "--yes", "--leads", "30")
        assert deployed.returncode == 0, deployed.stderr
        assert "30 leads asked for over HTTP in batches, and 10 on their own" in deployed.stdout
        assert "No lead changes grade." in deployed.stdout
        assert re.search(r"\d+ of [\d,]+ leads \([\d.]+%\) have other points", deployed.stdout)
        second = versions(url)
        assert (second[0], second[1] != first[1]) == (first[0], True)
        again = run(tmp_path, "deploy", "crm/crm.toml", "--yes")
        assert "there is nothing to do" in again.stdout
        back = run(tmp_path, "deploy", "--rollback")
        assert back.returncode == 0, back.stderr
        assert versions(url) == first
        ended.set()
        asking.join()
    assert set(statuses) == {200}
    listed = run(tmp_path, "deploy", "--list").stdout
    assert re.findall(r"found running|deployed  |rolled back to", listed) == [
        "found running",
        "deployed  ",
        "rolled back to",
    ]
    assert "No service runs here." in listed


LEAD = {"lead_id": "L", "created_at": "2026-01-01T00:00:00Z"}


def versions(url: str) -> tuple[str, str]:
    answer = httpx.post(f"{url}/v1/predict", json={"leads": [LEAD]}, timeout=60).json()
    return answer["model_version"], answer["rulebook_version"]


def ask(url: str, statuses: list[int], ended: threading.Event) -> None:
    while not ended.is_set():
        statuses.append(httpx.post(f"{url}/v1/predict", json={"leads": [LEAD]}, timeout=60).status_code)


def patiently(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As `run`: a new bento compiles its code, which a busy machine stretches."""
    command, there = [*COMMAND, *words], environment(folder)
    return subprocess.run(command, cwd=folder, env=there, capture_output=True, text=True, timeout=1200, check=False)


@contextlib.contextmanager
def service(folder: Path, port: int) -> Iterator[str]:
    """`lead-scoring serve`, ready, with its log in a file: a pipe that nobody reads would stop it when it is full."""
    with (folder / "service.log").open("wb") as log:
        command = [*COMMAND, "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=log, stderr=log)
        try:
            until_ready(process, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 280
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    pytest.fail("the service is not ready")
