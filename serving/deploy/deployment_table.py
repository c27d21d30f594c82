"""The history of a deployment folder, and who answers with what, as a terminal shows it."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from serving.deploy.deployment_log import Action, Entry
from serving.deploy.workers import Worker

_WORDS = {
    Action.FOUND: "found running",
    Action.DEPLOY: "deployed",
    Action.ROLLBACK: "rolled back to",
    Action.TAKEN_BACK: "taken back",
}


def render(entries: Sequence[Entry], tag: str | None, workers: Sequence[Worker], console: Console) -> None:
    """Print the history, the oldest first, then the workers that are alive. `tag`: the one in force."""
    held = (one for one in reversed(entries) if one.tag == tag and one.action is not Action.TAKEN_BACK)
    in_force = next(held, None)
    if not entries:
        console.print("Nothing was deployed yet.")
    for entry in entries:
        console.print(_head(entry, in_force))
        for said in filter(None, (_what(entry), entry.said)):
            console.print(_below(Text(said, "dim")))
    console.print()
    if not workers:
        console.print("No service runs here.")
    for worker in workers:
        console.print(Text(f"{worker.name}{f', since {_second(worker.since)}' if worker.since else ''}:"))
        console.print(_below(_doing(worker)))


def _below(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 4), expand=False)


def _head(entry: Entry, in_force: Entry | None) -> Text:
    version = f"version {entry.registered}" if entry.registered is not None else ""
    text = Text(f"{_second(entry.at)}  {_WORDS[entry.action]:<14}  {version}")
    return text.append("  ← in force", "bold green") if entry is in_force else text


def _what(entry: Entry) -> str:
    who = "at" if entry.action is Action.FOUND else "by"
    return f"{entry.tag}: model {entry.model_version}, rulebook {entry.rulebook_version}, {who} {entry.by}"


def _doing(worker: Worker) -> Text:
    text = Text()
    if worker.tag is None:
        text.append("has nothing to answer with yet" if worker.refused is None else "cannot answer", "red")
    else:
        text.append(f"answers with model {worker.model_version}, rulebook {worker.rulebook_version}")
    if worker.refused is not None:
        text.append(f"; could not load {worker.refused.partition(' ')[0]}: {worker.why}", "red")
    return text


def _second(at: str) -> str:
    """A moment to the second: what follows is of no use to a reader.

    >>> _second("2026-11-22T08:00:01.123456Z")
    '2026-11-22 08:00:01'
    """
    return at[:19].replace("T", " ")
