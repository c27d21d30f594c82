"""The service's log: one JSON object a line on stderr, and nothing in it that a client sent.

Only the fields named here are written. Of an exception, whose message may quote a request, its type and the places
that it went through; of another library's message, the first line.
"""

import json
import logging
import threading
import traceback
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from serving.http.log_lines import LineWriter

_OURS = "lead_scoring"
_BENTOML_HANDLER = "tracehandler"  # that BentoML sets in its supervisor and workers, and nowhere else
_requests = logging.getLogger("lead_scoring.requests")
_LEVELS = {_OURS: logging.INFO, "bentoml": logging.INFO}


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What the log says of one request.

    `path` is one of the service's own paths, or `other`. `leads` were scored, `failed` were not. `model_version` is
    None where no model was asked; `key` is the id of the key that was used, None where there was none.
    """

    request_id: str
    path: str
    status: int
    leads: int
    failed: int
    milliseconds: float
    model_version: str | None
    key: str | None


_FIELDS = tuple(one.name for one in fields(RequestLine))


def request(line: RequestLine) -> None:
    """Log one request."""
    _requests.info("request", extra={name: getattr(line, name) for name in _FIELDS})


def configure(stream: TextIO) -> None:
    """Write the lines of every library of a service's process to `stream`'s file, in place of BentoML's own.

    Other processes import the service too, to build a bento or to test it: there nothing changes.
    """
    if not any(one.name == _BENTOML_HANDLER for one in logging.root.handlers):
        return
    handler = LineWriter(stream.fileno())
    handler.setFormatter(JsonLines())
    for name in list(logging.root.manager.loggerDict):
        one = logging.getLogger(name)
        one.handlers.clear()
        one.propagate = True
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    # It would have raw paths. Without a handler in reach uvicorn writes none.
    logging.getLogger("uvicorn.access").propagate = False
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread


def flush() -> None:
    """Wait until what was logged is written: before uvicorn ends the process by the signal that it got."""
    for handler in logging.root.handlers:
        handler.flush()


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, logger, message, and the fields that a request's line has."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        message = record.getMessage()
        ours = record.name == _OURS or record.name.startswith(f"{_OURS}.")
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message if ours else message.strip().partition("\n")[0],
        }
        line |= {name: record.__dict__[name] for name in _FIELDS if name in record.__dict__}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["places"] = places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def places(trace: TracebackType | None) -> str:
    """Return where an exception went through, the innermost first; never its message.

    >>> places(None)
    ''
    """
    return " < ".join(f"{one.filename}:{one.lineno} {one.name}" for one in reversed(traceback.extract_tb(trace)))


def _log_thread(arguments: threading.ExceptHookArgs) -> None:
    """Log what ended a thread; Python's own hook would print the exception's message."""
    if arguments.exc_type is SystemExit:
        return
    name = arguments.thread.name if arguments.thread else "unknown"
    error = arguments.exc_value or arguments.exc_type()
    logging.getLogger(_OURS).error(
        "the thread %s ended", name, exc_info=(arguments.exc_type, error, arguments.exc_traceback)
    )
