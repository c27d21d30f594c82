"""The history of a deployment folder, and who answers with what, as a terminal shows it."""

from collections.abc import Sequence

from rich.console import Console
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
        console.print(_line(entry, in_force), soft_wrap=True)
        if entry.said:
            console.print(Text(f"    {entry.said}", "dim"), soft_wrap=True)
    console.print()
    if not workers:
        console.print("No service runs here.")
    for worker in workers:
        console.print(_doing(worker), soft_wrap=True)


def _line(entry: Entry, in_force: Entry | None) -> Text:
    version = f"version {entry.registered}, " if entry.registered is not None else ""
    text = Text(f"{entry.at[:19].replace('T', ' ')}  {_WORDS[entry.action]:<14}  ")
    text.append(f"{version}model {entry.model_version}, rulebook {entry.rulebook_version}, ")
    text.append(f"{'at' if entry.action is Action.FOUND else 'by'} {entry.by}")
    return text.append("  ← in force", "bold green") if entry is in_force else text


def _doing(worker: Worker) -> Text:
    text = Text(f"{worker.name}: ")
    if worker.tag is None:
        text.append("has nothing to answer with yet" if worker.refused is None else "cannot answer", "red")
    else:
        text.append(
            f"answers with model {worker.model_version}, rulebook {worker.rulebook_version}, since {worker.since}"
        )
    if worker.refused is not None:
        text.append(f"; could not load {worker.refused}: {worker.why}", "red")
    return text
