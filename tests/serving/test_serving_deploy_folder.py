"""What is in force, what was, and who is alive: files that survive whoever writes them."""

import errno
import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from serving_models import Pair, kept

from histories.errors import CallError, DataError
from serving.deploy import deployment, deployment_log, workers
from serving.deploy.deployment import Deployment, Order
from serving.deploy.deployment_log import Action, Entry
from serving.deploy.workers import Presence, Worker

LIVES = """
import sys
from pathlib import Path
from serving.deploy.workers import Presence, Worker
presence = Presence(Path(sys.argv[1]), Worker(int(sys.argv[2]), "here", "127.0.0.1:1", "2026-01-01T00:00:00Z"))
print("there", flush=True)
sys.stdin.read()
"""


def test_what_is_in_force_is_read_as_it_was_written_and_can_be_taken_away(tmp_path: Path) -> None:
    one, order = Deployment(tmp_path / "new" / "folder"), Order("lead_scoring:0123456789ab", "2026-01-01T00:00:00Z")
    assert (one.current(), one.candidate()) == (None, None)
    one.put_in_force(order)
    assert one.current() == order
    with one.proposed(order):
        assert one.candidate() == order
    assert one.candidate() is None
    one.put_in_force(None)
    assert one.current() is None


@pytest.mark.parametrize("content", [b"", b"lead_scoring:1\n", b"other:1 2026\n", b"\xff", b"lead_scoring:1 x\nmore\n"])
def test_a_damaged_file_is_named_and_never_guessed_at(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "current").write_bytes(content)
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / 'current'))}: .*deploy` writes it anew$"):
        Deployment(tmp_path).current()


def test_models_are_kept_whole_and_those_that_nothing_leads_back_to_are_removed(pair: Pair, tmp_path: Path) -> None:
    one = kept(pair, tmp_path)
    one.keep(pair.old.tag, pair.old.folder)
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["new", "old"]
    one.forget_models({pair.new.tag})
    assert one.model(pair.new.tag).is_dir()
    with pytest.raises(DataError, match=r"models/old: does not exist; `lead-scoring deploy` puts the champion there$"):
        one.model(pair.old.tag)


def test_a_second_deploy_is_kept_out_until_the_first_has_ended(tmp_path: Path) -> None:
    one = Deployment(tmp_path)
    again = f"^{re.escape(str(tmp_path))}: another deploy is at work there; try again when it has ended$"
    with one.alone(), pytest.raises(DataError, match=again), one.alone():
        pytest.fail("both are in")
    with one.alone():
        pass
    with pytest.raises(BlockingIOError, match="of something else"), one.alone():
        raise BlockingIOError("of something else")


def test_the_folder_is_the_one_that_the_environment_names_else_one_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert deployment.named({}).folder == tmp_path / ".lead-scoring" / "deployment"
    assert deployment.named({"LEAD_SCORING_DEPLOYMENT": " "}) == deployment.named({})
    assert deployment.named({"LEAD_SCORING_DEPLOYMENT": "here"}).folder == tmp_path / "here"
    (tmp_path / "here").touch()
    with pytest.raises(CallError, match=r"^LEAD_SCORING_DEPLOYMENT: .*/here: is a file; name a folder$"):
        deployment.named({"LEAD_SCORING_DEPLOYMENT": "here"})


def entry(tag: str, action: Action = Action.DEPLOY) -> Entry:
    return Entry(action, tag, "2026-01-01T00:00:00Z", "tester", f"model {tag}", f"rules {tag}", changes={"leads": 3})


def test_entries_are_read_as_they_were_written_and_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "deployments.jsonl"
    assert deployment_log.read(path) == ()
    deployment_log.append(path, entry("a"))
    with path.open("ab") as file:
        file.write(b'{"action": "deploy", "ta')
    deployment_log.append(path, entry("b", Action.ROLLBACK))
    assert deployment_log.read(path) == (entry("a"), entry("b", Action.ROLLBACK))


DEPLOY, ROLLBACK, FOUND, TAKEN = Action.DEPLOY, Action.ROLLBACK, Action.FOUND, Action.TAKEN_BACK


@pytest.mark.parametrize(
    ("history", "current", "way"),
    [
        ([], None, ""),
        ([("a", DEPLOY)], "a", "a"),
        ([("a", FOUND), ("b", DEPLOY)], "b", "ab"),
        ([("a", DEPLOY), ("b", DEPLOY), ("a", ROLLBACK)], "a", "a"),
        ([("a", DEPLOY), ("b", DEPLOY), ("a", ROLLBACK), ("c", DEPLOY)], "c", "ac"),
        ([("a", DEPLOY), ("b", DEPLOY), ("c", DEPLOY), ("b", ROLLBACK), ("a", ROLLBACK)], "a", "a"),
        ([("a", DEPLOY), ("b", DEPLOY), ("b", TAKEN), ("c", DEPLOY)], "c", "ac"),
        ([("a", DEPLOY), ("b", DEPLOY), ("a", ROLLBACK), ("a", TAKEN)], "b", "ab"),
        ([("a", DEPLOY), ("b", DEPLOY)], "a", "a"),  # killed before b came in force
        ([("a", DEPLOY), ("b", DEPLOY), ("a", ROLLBACK)], "b", "ab"),  # killed before the rollback did
        ([("a", DEPLOY, "1"), ("b", DEPLOY, "2"), ("b", TAKEN, "3")], "b", "ab"),  # another order of b was taken back
        ([("a", FOUND), ("b", DEPLOY)], None, ""),  # killed at the first deploy
        ([("a", DEPLOY), ("b", DEPLOY), ("a", DEPLOY)], "a", "aba"),
    ],
)
def test_a_rollback_leads_along_what_was_in_force(
    history: list[tuple[str, Action, str]], current: str | None, way: str
) -> None:
    entries = [replace(entry(tag, action), at="".join(at)) for tag, action, *at in history]
    assert "".join(one.tag for one in deployment_log.in_force(entries, current)) == way


def test_who_has_left_or_was_killed_is_alive_no_more_and_what_it_left_is_removed(tmp_path: Path) -> None:
    here = Presence(tmp_path, Worker(1, "here", "127.0.0.1:1", "2026-01-01T00:00:00Z"))
    with subprocess.Popen(
        [sys.executable, "-c", LIVES, str(tmp_path), "2"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"there\n"
        assert [one.pid for one in workers.live(tmp_path)] == [1, 2]
        other.send_signal(signal.SIGKILL)
    assert [one.pid for one in workers.live(tmp_path)] == [1]
    assert len(list(tmp_path.iterdir())) == 4
    workers.forget_dead(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    here.leave()
    assert (workers.live(tmp_path), list(tmp_path.iterdir())) == ((), [])


def test_a_worker_of_another_user_is_alive_though_its_lock_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Presence(tmp_path, Worker(7, "here", "127.0.0.1:1", "2026-01-01T00:00:00Z"))

    def refuse(path: Path, *_: object) -> int:  # as the system does; root may open every file
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(workers.os, "open", refuse)
    workers.forget_dead(tmp_path)
    assert [one.pid for one in workers.live(tmp_path)] == [7]
    here.leave()


def test_a_worker_of_another_version_counts_with_what_can_be_read(tmp_path: Path) -> None:
    here = Presence(tmp_path, Worker(7, "here", "127.0.0.1:1", "2026-01-01T00:00:00Z"))
    (says,) = tmp_path.glob("*.json")
    says.write_text(json.dumps({"pid": 7, "answers": "lead_scoring:1", "tag": "lead_scoring:1"}), encoding="utf-8")
    assert workers.live(tmp_path) == (Worker(7, tag="lead_scoring:1"),)
    says.write_text("{", encoding="utf-8")
    assert workers.live(tmp_path) == (Worker(7),)
    here.leave()


def test_a_worker_that_can_lock_nothing_leaves_neither_files_nor_descriptors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(workers.fcntl, "flock", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(OSError, match="Operation not supported"):
            Presence(tmp_path, Worker(1))
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before
