"""Writes log lines on a thread of their own: a pipe that nobody reads must not stop the service.

A write to a full pipe waits until somebody reads, and requests are logged on the one thread that answers all of them.
"""

import logging
import os
import queue
import threading

_MOST = 10_000  # lines that may wait, some 3 MB
_FLUSH_SECONDS = 1.0


class LineWriter(logging.Handler):
    """Hands each line to a thread that writes it to the file with this descriptor.

    A line for which there is no room is lost; how many were is told once there is room again. Lines that wait when the
    process is killed are lost too.
    """

    def __init__(self, descriptor: int, most: int = _MOST) -> None:
        super().__init__()
        self._descriptor, self._lost, self._counting = descriptor, 0, threading.Lock()
        self._lines: queue.Queue[str] = queue.Queue(most)
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line, now or never."""
        try:
            self._lines.put_nowait(self.format(record))
        except queue.Full:
            with self._counting:
                self._lost += 1
        except Exception:  # noqa: BLE001  # as every handler of logging does
            self.handleError(record)

    def flush(self) -> None:
        """Wait until all lines are written, but not for a reader that does not come."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, _FLUSH_SECONDS)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            try:
                _write_all(self._descriptor, line)
                if self._lost and self._lines.empty():
                    _write_all(self._descriptor, self._loss())
            except OSError:  # the reader has gone: nobody is there to be told
                pass
            finally:
                self._lines.task_done()

    def _loss(self) -> str:
        with self._counting:
            lost, self._lost = self._lost, 0
        message = "%d lines were lost here: nobody read the log in time"
        return self.format(logging.LogRecord("lead_scoring.logs", logging.WARNING, "", 0, message, (lost,), None))


def _write_all(descriptor: int, line: str) -> None:
    """Write past Python's own buffer, whose lock a write that waits would hold when the process ends."""
    rest = memoryview(f"{line}\n".encode())
    while rest:
        rest = rest[os.write(descriptor, rest) :]
