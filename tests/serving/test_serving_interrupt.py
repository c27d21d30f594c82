"""SIGTERM unwinds a command as Ctrl-C does, and an undoing is not broken off half-way."""

import os
import signal

import pytest

from serving import interrupt


def test_sigterm_unwinds_as_ctrl_c_does_and_only_within_the_block() -> None:
    before, undone = signal.getsignal(signal.SIGTERM), []

    def told_to_end() -> None:
        with interrupt.by_termination():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                undone.append("all")

    with pytest.raises(KeyboardInterrupt):
        told_to_end()
    assert undone == ["all"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_comes_while_something_is_undone_is_heard_at_its_end(number: signal.Signals) -> None:
    steps = []

    def undo() -> None:
        with interrupt.by_termination(), interrupt.held_off():
            os.kill(os.getpid(), number)
            steps.append("first")
            os.kill(os.getpid(), number)
            steps.append("second")

    with pytest.raises(KeyboardInterrupt):
        undo()
    assert steps == ["first", "second"]


def test_where_nothing_comes_nothing_is_raised() -> None:
    with interrupt.held_off():
        pass
