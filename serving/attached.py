"""Becomes a command that is told to end when the process that started it ends, however that came about.

`python serving/attached.py PARENT COMMAND...` does it: PARENT is the number of the process that starts it. A service
whose starter was killed outright would go on for ever, unseen. Where the system knows no such order (anything but
Linux), the command is run as it is.
"""

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = (
    1  # PR_SET_PDEATHSIG of prctl(2); it survives execve(2), and ends when the starter's thread does
)


def become(parent: int, command: list[str]) -> None:
    """Replace this process by `command`, whose first word is a program's path. Returns never."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the order was given
            sys.exit(128 + signal.SIGTERM)
    os.execv(command[0], command)  # noqa: S606  # our own arguments, no shell


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
