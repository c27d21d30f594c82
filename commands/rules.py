"""Rulebooks: `lead-scoring rules ...`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.options import now
from commands.terminal import out, working


def check(
    rulebook: Annotated[Path, typer.Argument(metavar="RULEBOOK.toml")],
    config: Annotated[Path | None, typer.Option("--crm", metavar="CRM.toml", help="The export that it is for.")] = None,
) -> None:
    """Read a rulebook and, with --crm, name what it speaks of and the export does not have."""
    from histories import export
    from scoring import names
    from scoring import rulebook as rulebooks

    rules = rulebooks.read(rulebook)
    if config is not None:
        with working("Reading the export"):
            histories = export.read(config, now()).histories
        names.check(rules, histories.families, histories.attribute_types, rulebook.name)
        kinds = set(histories.interactions["kind"].unique().to_pylist())
        for silent in names.silent_rules(rules, histories.families, kinds):
            out.print(f"Nothing in the export meets rule {silent!r}.", markup=False)
    counts = f"{len(rules.engagement)} engagement rules, {len(rules.fit)} fit rules"
    out.print(f"{rulebook.name} can be used: {counts}, version {rules.version}")
