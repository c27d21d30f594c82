"""Brings a packed model into running services: all workers load it, then all answer with it, or none does."""

import time
from collections.abc import Callable
from dataclasses import replace

from histories.errors import DataError
from serving import interrupt
from serving.deploy import deployment_log, workers
from serving.deploy.deployment import Deployment, Order
from serving.deploy.deployment_log import Action, Entry
from serving.deploy.workers import Worker

WAIT = 180.0  # seconds, for loading and again for changing over
_KEPT = 10  # models that a rollback can lead back to
_INTERRUPTED = "the deploy was interrupted"
Progress = Callable[[str, int, int], None]


def running(deployment: Deployment) -> tuple[Worker, ...]:
    """Return the workers that follow the folder, and remove what those that have ended left there."""
    workers.forget_dead(deployment.workers)
    return workers.live(deployment.workers)


def mend(deployment: Deployment) -> None:
    """Write down that the deploy before this one was broken off, where it was, and drop what it had proposed."""
    deployment.propose_nothing()
    order = deployment.current()
    left = deployment_log.broken_off(deployment_log.read(deployment.log), order.tag if order else None)
    if left is not None:
        _take_back(deployment, left, "the deploy was broken off")


def roll_out(deployment: Deployment, entry: Entry, tell: Progress, wait: float = WAIT) -> tuple[Worker, ...]:
    """Put an entry's model in force, and return the workers that answer with it: none where no service runs.

    Its model lies in the folder. Raises DataError where a worker cannot load it, or does not within `wait` seconds:
    then everything is as it was before, and written down.
    """
    order, before = Order(entry.tag, entry.at), deployment.current()
    with deployment.proposed(order):  # to the end: what is prepared is dropped when it is no longer proposed
        _until(deployment, order, lambda one: one.prepared == str(order) or one.tag == order.tag, "load it", tell, wait)
        try:
            _write_down(deployment, before, entry)
            deployment.put_in_force(order)
            answering = _until(deployment, order, lambda one: one.tag == order.tag, "answer with it", tell, wait)
        except BaseException as error:  # an interrupt too: what was half done is undone
            with interrupt.held_off():
                deployment.put_in_force(before)
                if _written_down(deployment, entry):
                    _take_back(deployment, entry, str(error) or _INTERRUPTED)
            raise
    _forget_old_models(deployment)
    return answering


def _until(
    deployment: Deployment, order: Order, done: Callable[[Worker], bool], what: str, tell: Progress, wait: float
) -> tuple[Worker, ...]:
    """Wait until it is true of every live worker, and return them."""
    deadline = time.monotonic() + wait
    while True:
        found = workers.live(deployment.workers)
        waiting = [one for one in found if not done(one)]
        tell(f"Workers that {what}", len(found) - len(waiting), len(found))
        for one in found:
            if one.refused == str(order):
                raise DataError(f"{one.name} cannot load {order.tag}: {one.why}. Nothing was changed")
        if not waiting:
            return found
        if time.monotonic() > deadline:
            names = ", ".join(one.name for one in waiting)
            raise DataError(f"{names} did not {what} ({order.tag}) within {wait:g} s. Nothing was changed")
        time.sleep(0.1)


def _write_down(deployment: Deployment, before: Order | None, entry: Entry) -> None:
    """Log the entry; before the first one, what services answer with already: a rollback may lead back to it."""
    found = next((one for one in reversed(workers.live(deployment.workers)) if one.tag not in {None, entry.tag}), None)
    held = deployment_log.read(deployment.log)
    if before is None and found is not None and found.tag and not any(one.tag == found.tag for one in held[-1:]):
        versions = str(found.model_version), str(found.rulebook_version)
        deployment_log.append(deployment.log, Entry(Action.FOUND, found.tag, entry.at, found.name, *versions))
    deployment_log.append(deployment.log, entry)


def _written_down(deployment: Deployment, entry: Entry) -> bool:
    last = deployment_log.read(deployment.log)[-1:]
    return any((one.action, one.tag, one.at) == (entry.action, entry.tag, entry.at) for one in last)


def _take_back(deployment: Deployment, entry: Entry, why: str) -> None:
    taken = replace(entry, action=Action.TAKEN_BACK, said=why, changes={})
    deployment_log.append(deployment.log, taken)


def _forget_old_models(deployment: Deployment) -> None:
    order = deployment.current()
    way = deployment_log.in_force(deployment_log.read(deployment.log), order.tag if order else None)
    answering = {one.tag for one in workers.live(deployment.workers) if one.tag}
    deployment.forget_models({entry.tag for entry in way[-_KEPT:]} | answering)
