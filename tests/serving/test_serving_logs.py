"""One JSON object a line with the fields that are named, whoever logs, and nothing that a client sent."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from serving.http import logs
from serving.http.logs import JsonLines, RequestLine

MARKER = "jane.roe@example.org"
ROOT = Path(__file__).parents[2]


def record(name: str, message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger(name).makeRecord(name, logging.WARNING, "f.py", 1, message, arguments, None, extra=extra)


def line(one: logging.LogRecord) -> dict[str, object]:
    text = JsonLines().format(one)
    assert "\n" not in text
    return json.loads(text)  # type: ignore[no-any-return]


def test_a_requests_line_has_these_fields_and_no_others(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lead_scoring"):
        logs.request(RequestLine("5d1e", "/v1/predict", 200, 3, 1, 12.5, "b1", "crm"))
    (one,) = caplog.records
    one.created = 1_772_323_200.25
    assert line(one) == {
        "time": "2026-03-01T00:00:00.250Z", "level": "info", "logger": "lead_scoring.requests", "message": "request",
        "request_id": "5d1e", "path": "/v1/predict", "status": 200, "leads": 3, "failed": 1, "milliseconds": 12.5,
        "model_version": "b1", "key": "crm",
    }  # fmt: skip


def test_what_is_not_named_is_not_written() -> None:
    assert set(line(record("lead_scoring.door", "said", body=MARKER, lead=MARKER))) == {
        "time",
        "level",
        "logger",
        "message",
    }


def test_of_an_exception_the_type_and_the_places_are_written_and_not_the_message() -> None:
    try:
        json.loads(f"{{{MARKER}")
    except ValueError:
        one = record("uvicorn.error", "Exception in ASGI application\n")
        one.exc_info = sys.exc_info()
    found = line(one)
    assert (found["message"], found["error"]) == ("Exception in ASGI application", "JSONDecodeError")
    assert str(found["places"]).endswith(
        " test_of_an_exception_the_type_and_the_places_are_written_and_not_the_message"
    )
    assert MARKER not in json.dumps(found)


def test_of_another_librarys_message_the_first_line_is_written() -> None:
    """Below it, asyncio writes the exception of a task that nobody awaited."""
    said = f"Task exception was never retrieved\nfuture: <Task finished exception=ValueError('{MARKER}')>"
    assert line(record("asyncio", said))["message"] == "Task exception was never retrieved"
    assert line(record("lead_scoring.engine", "two\nlines"))["message"] == "two\nlines"


IN_A_SERVICE = """
import logging, logging.config, sys, threading, warnings
from bentoml._internal.log import SERVER_LOGGING_CONFIG

logging.config.dictConfig(SERVER_LOGGING_CONFIG)
from serving.http import logs

logs.configure(sys.stderr)
logging.getLogger("lead_scoring.engine").info("ready: %s", "abc")
logging.getLogger("bentoml.serve").info("Starting")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
logging.getLogger("circus").error("it ended")
logging.getLogger("uvicorn.access").info("GET /jane.roe@example.org")
warnings.warn("deprecated")

def stumble():
    raise ValueError("jane.roe@example.org")

thread = threading.Thread(target=stumble, name="load")
thread.start()
thread.join()
print(logging.getLogger("uvicorn.access").hasHandlers())
"""


def test_in_a_service_every_library_writes_such_lines_and_uvicorn_no_access_log() -> None:
    done = subprocess.run([sys.executable, "-W", "default", "-c", IN_A_SERVICE], cwd=ROOT, capture_output=True, check=True, text=True)  # fmt: skip
    found = [json.loads(one) for one in done.stderr.splitlines()]
    assert [(one["logger"], one["level"]) for one in found] == [
        ("lead_scoring.engine", "info"),
        ("bentoml.serve", "info"),
        ("uvicorn.error", "warning"),
        ("circus", "error"),
        ("py.warnings", "warning"),
        ("lead_scoring", "error"),
    ]
    assert (found[-1]["message"], found[-1]["error"]) == ("the thread load ended", "ValueError")
    assert done.stdout == "False\n"
    assert MARKER not in done.stderr


def test_where_no_service_runs_logging_stays_as_it_was() -> None:
    before = (list(logging.root.handlers), logging.root.level)
    logs.configure(sys.stderr)
    assert (list(logging.root.handlers), logging.root.level) == before
