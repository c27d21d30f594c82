"""Arguments and options that several commands share, and how they are read."""

import time
from pathlib import Path
from typing import Annotated

import typer

from histories import clock, machine
from histories.errors import CallError
from histories.origin import ExportFile, Origin, parse

_EXPORT = "The file that describes the export; or store://, or a store's URL."
Config = Annotated[Origin, typer.Argument(parser=parse, metavar="CRM.toml", help=_EXPORT)]
OptionalConfig = Annotated[Origin | None, typer.Argument(parser=parse, metavar="CRM.toml", help=_EXPORT)]
CrmOption = Annotated[Origin, typer.Option("--crm", parser=parse, metavar="CRM.toml", help=_EXPORT)]
OptionalCrmOption = Annotated[
    Origin | None,
    typer.Option(
        "--crm", parser=parse, metavar="CRM.toml", help="The export, or store://, to check its names against."
    ),
]
RecipeFile = Annotated[
    Path | None, typer.Option("--recipe", help="How to learn [default: recipe.toml beside CRM.toml].")
]
RulebookFile = Annotated[
    Path | None, typer.Option("--rulebook", help="The points [default: rulebook.toml beside CRM.toml].")
]
ChampionsRulebook = Annotated[Path | None, typer.Option("--rulebook", help="The points [default: the champion's].")]
Memory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="What may be used, as 4GB [default: half of what the machine has].")
]
Cluster = Annotated[
    str | None, typer.Option(metavar="URL", help="A Spark master that works on the shards, as spark://host:7077.")
]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]


def now() -> int:
    """Return the command's start (UTC microseconds); the only clock there is."""
    return time.time_ns() // 1000


def past(option: str, text: str) -> int:
    """Read a moment that an option names. Raises CallError for one that nothing can be known of."""
    moment, present = clock.parse(text), now()
    if not 0 <= moment <= present:
        raise CallError(f"{option}: {text} lies before 1970 or after now, {clock.iso(present)}")
    return moment


def beside(config: Origin, given: Path | None, name: str) -> Path:
    """Return the file that was given, else the one of that name beside CRM.toml, for a store in the working folder.

    Raises CallError where either is missing.
    """
    path = given or config.folder / f"{name}.toml"
    if isinstance(config, ExportFile) and not config.path.exists():
        raise CallError(f"{config}: does not exist; name the file that describes the export")
    if not path.exists():
        raise CallError(f"{path}: does not exist; write one (README.md shows how) or name one with --{name}")
    return path


def size(memory: str | None) -> int:
    """Return the bytes of `--memory`. Raises CallError for a text that is no size."""
    return machine.memory() // 2 if memory is None else machine.parse(memory)
