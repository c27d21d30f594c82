"""What `deploy --list` prints fits a terminal of 80 columns, and names each model by its tag."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from serving.deploy import deployment_table
from serving.deploy.deployment_log import Action, Entry
from serving.deploy.workers import Worker

FIRST = Entry(
    Action.FOUND, "lead_scoring:gymh7whgh2xp", "2026-11-22T08:00:00.123456Z", "worker 4711 of 127.0.0.1:3000 on crm",
    "b7c90a1d2e3f", "c1d2e3f4a5b6",
)  # fmt: skip
SECOND = replace(
    FIRST, action=Action.DEPLOY, tag="lead_scoring:abc", by="tester", registered=3,
    said="of 5,060 open leads 166 change grade, 0 next action, 0 come over the calling line and 0 fall below it",
)  # fmt: skip
WORKER = Worker(
    4711, "crm", "127.0.0.1:3000", tag="lead_scoring:abc", since="2026-11-22T08:10:01.654321Z",
    model_version="b7c90a1d2e3f", rulebook_version="c1d2e3f4a5b6",
)  # fmt: skip


def shown(*workers: Worker) -> str:
    console = Console(file=StringIO(), width=80)
    deployment_table.render((FIRST, SECOND), SECOND.tag, workers, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_each_entry_has_its_tag_and_a_moment_to_the_second() -> None:
    text = shown(WORKER)
    assert "2026-11-22 08:00:00  deployed        version 3  ← in force\n" in text
    assert "    lead_scoring:abc: model b7c90a1d2e3f, rulebook c1d2e3f4a5b6, by tester\n" in text
    assert "worker 4711 of 127.0.0.1:3000 on crm, since 2026-11-22 08:10:01:\n" in text
    assert "123456" not in text
    assert "654321" not in text


@pytest.mark.parametrize("worker", [WORKER, replace(WORKER, refused="lead_scoring:new 2026", why="MemoryError: " + "no room " * 20)])  # fmt: skip
def test_no_line_is_longer_than_80_columns(worker: Worker) -> None:
    assert max(map(len, shown(worker).splitlines())) <= 80


def test_what_a_worker_could_not_load_is_named_with_the_reason() -> None:
    text = shown(replace(WORKER, tag=None, refused="lead_scoring:new 2026-11-22T08:00:00Z", why="no room"))
    assert "    cannot answer; could not load lead_scoring:new: no room\n" in text
