"""Deployments: `lead-scoring deploy`."""

import getpass
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from commands.champion import champion
from commands.options import OptionalConfig, now
from commands.terminal import out, steps
from histories.errors import CallError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commands.candidate import Tried
    from histories.origin import Origin
    from serving.deploy.deployment import Deployment
    from serving.deploy.deployment_log import Entry
    from serving.deploy.workers import Worker
    from training.promote import Resolved


def deploy(
    config: OptionalConfig = None,
    leads: Annotated[int, typer.Option(min=1, help="How many leads are asked for over HTTP.")] = 200,
    yes: Annotated[bool, typer.Option("--yes", help="Roll out without asking, if every check is passed.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to what was deployed before, at once.")] = False,
    history: Annotated[bool, typer.Option("--list", help="Show what was deployed, and who answers with what.")] = False,
) -> None:
    """Bring the champion into the running service: build it, try it, show what it changes, change over."""
    from serving import interrupt
    from serving.deploy import deployment

    if (config is not None) + rollback + history != 1:
        raise CallError("deploy: name the export (CRM.toml), or give --rollback or --list, and only one of the three")
    place = deployment.named(os.environ)
    if history:
        _list(place)
    elif rollback:
        with interrupt.by_termination():
            _rollback(place)
    elif config is not None:
        if not yes and not sys.stdin.isatty():
            raise CallError("deploy: nobody can be asked here whether to roll out; give --yes")
        with interrupt.by_termination():
            _deploy(place, config, leads, yes)


def _list(place: "Deployment") -> None:
    from serving.deploy import deployment_log, deployment_table, workers

    order, entries = place.current(), deployment_log.read(place.log)
    out.print(f"{place.folder}\n", style="bold", soft_wrap=True, markup=False)
    deployment_table.render(entries, order.tag if order else None, workers.live(place.workers), out)


def _rollback(place: "Deployment") -> None:
    from dataclasses import replace

    from histories.clock import iso
    from serving.deploy import deployment_log, rollout
    from serving.deploy.deployment_log import Action

    with place.alone():
        rollout.mend(place)
        order = place.current()
        way = deployment_log.in_force(deployment_log.read(place.log), order.tag if order else None)
        if len(way) < 2:
            first = f"model {way[0].model_version}, rulebook {way[0].rulebook_version} is the first" if way else ""
            found = first or "nothing was deployed"
            raise DataError(f"nothing to go back to in {place.folder}: {found}")
        target, leaving = way[-2], way[-1]
        place.model(target.tag)
        said = f"from model {leaving.model_version}, rulebook {leaving.rulebook_version}"
        entry = replace(target, action=Action.ROLLBACK, at=iso(now()), by=getpass.getuser(), said=said, changes={})
        _roll_out(place, entry)
    out.print("The registry's champion is as it was; `lead-scoring promote --rollback` changes that.")


def _deploy(place: "Deployment", config: "Origin", leads: int, yes: bool) -> None:
    from commands import candidate
    from serving.deploy import rollout, shift_table
    from serving.deploy.pack import pack, packed

    with place.alone(), champion() as best:
        rollout.mend(place)
        workers = rollout.running(place)
        tag = pack(best.folder, best.rulebook)
        out.print(_champion(best), soft_wrap=True)
        out.print(_answering(place, workers), soft_wrap=True)
        if candidate.answering(place, workers) == tag and all(one.tag == tag for one in workers):
            out.print("That is the champion; there is nothing to do.")
            return
        with steps() as step:
            tried = candidate.attempt(place, best, tag, config, leads, workers, now(), step)
        _tell(tried)
        shift_table.render(tried.shift, out)
        if not yes and not typer.confirm("Roll it out?"):
            out.print("Nothing was changed.")
            raise typer.Exit(1)
        place.keep(tag, packed(tag))
        _roll_out(place, _entry(best, tag, tried))
    out.print("Back to the one before: lead-scoring deploy --rollback")
    out.print(f"An image of the new one: bentoml containerize {tried.bento}", soft_wrap=True)


def _champion(best: "Resolved") -> str:
    from scoring import rulebook as rulebooks

    rulebook = rulebooks.read(best.rulebook).version
    return f"The champion: version {best.version.number}, model {best.bundle.version}, rulebook {rulebook}."


def _answering(place: "Deployment", workers: "Sequence[Worker]") -> str:
    order = place.current()
    if not workers:
        deployed = f"; {order.tag} was deployed {order.at}" if order else ""
        return f"No service runs that follows {place.folder}{deployed}."
    answers = dict.fromkeys(
        f"model {one.model_version}, rulebook {one.rulebook_version}" if one.tag else "nothing yet" for one in workers
    )
    services = dict.fromkeys(f"{one.address} on {one.machine}" for one in workers)
    return f"Answering now: {' and '.join(answers)}, at {', '.join(services)} ({_counted(workers)})."


def _tell(tried: "Tried") -> None:
    checked = tried.checked
    out.print(
        f"Tried as {tried.bento}: {checked.leads:,} leads asked for over HTTP in batches, and {checked.single} on their "
        f"own, have the scorer's answers bit for bit; {checked.faulty} faulty requests are refused as they must be.\n",
        soft_wrap=True,
    )
    if tried.incomparable:
        out.print(f"{tried.incomparable}\n", markup=False, soft_wrap=True)


def _entry(best: "Resolved", tag: str, tried: "Tried") -> "Entry":
    from histories.clock import iso
    from scoring import rulebook as rulebooks
    from serving.deploy.deployment_log import Action, Entry

    return Entry(
        action=Action.DEPLOY,
        tag=tag,
        at=iso(now()),
        by=getpass.getuser(),
        model_version=best.bundle.version,
        rulebook_version=rulebooks.read(best.rulebook).version,
        registered=best.version.number,
        bento=tried.bento,
        said=tried.shift.sentence(),
        changes=tried.shift.recorded(),
    )


def _roll_out(place: "Deployment", entry: "Entry") -> None:
    from serving.deploy import rollout

    began = time.monotonic()
    with steps() as step:
        workers = rollout.roll_out(place, entry, step)
    if not workers:
        out.print(
            f"No service runs that follows {place.folder}: the next `lead-scoring serve` starts with model "
            f"{entry.model_version}.",
            soft_wrap=True,
        )
        return
    seconds = time.monotonic() - began
    done = "Rolled back" if entry.action == "rollback" else "Rolled out"
    out.print(
        f"{done} in {seconds:.1f} s: {_counted(workers)} with model {entry.model_version}, rulebook "
        f"{entry.rulebook_version} ({entry.tag}).",
        soft_wrap=True,
    )
    others = {one.rulebook_version for one in workers} - {entry.rulebook_version}
    if others:
        out.print(
            f"But points are counted by rulebook {', '.join(map(str, sorted(map(str, others))))}: LEAD_SCORING_RULEBOOK "
            "of the service takes the deployed one's place.",
            soft_wrap=True,
        )


def _counted(workers: "Sequence[Worker]") -> str:
    return "1 worker answers" if len(workers) == 1 else f"{len(workers)} workers answer"
