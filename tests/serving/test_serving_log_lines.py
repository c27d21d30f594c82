"""A log that nobody reads costs lines, and never an answer."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from serving.http.log_lines import LineWriter
from serving.http.logs import JsonLines

ROOT = Path(__file__).parents[2]
UNREAD = """
import logging, os, sys, time
from serving.http.log_lines import LineWriter

logger = logging.getLogger("a")
logger.propagate = False
logger.addHandler(LineWriter(2))
for _ in range(5_000):
    logger.error("x" * 100)
print("all said", flush=True)
"""


@pytest.fixture
def written() -> tuple[logging.Logger, LineWriter, int]:
    """A logger, its writer with room for 10 lines, and the pipe's other end."""
    reading, writing = os.pipe()
    one = LineWriter(writing, most=10)
    one.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    return logging_by(one), one, reading


def logging_by(writer: LineWriter) -> logging.Logger:
    logger = logging.getLogger("test_serving_log_lines")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.handlers[:] = [writer]
    return logger


def test_lines_are_written_in_the_order_in_which_they_were_said(
    written: tuple[logging.Logger, LineWriter, int],
) -> None:
    logger, writer, reading = written
    for number in range(5):
        logger.info("line %d", number)
    writer.flush()
    assert os.read(reading, 1000).decode().splitlines() == [f"INFO line {number}" for number in range(5)]


def test_beyond_the_room_lines_are_lost_and_how_many_is_told_when_somebody_reads_again(
    written: tuple[logging.Logger, LineWriter, int],
) -> None:
    logger, _, reading = written
    long, began = "x" * 30_000, time.monotonic()
    for _ in range(100):
        logger.info(long)
    assert time.monotonic() - began < 5
    heard = b""
    while not heard.endswith(b"nobody read the log in time\n"):
        heard += os.read(reading, 1_000_000)
    *lines, last = heard.decode().splitlines()
    lost = int(last.split()[1])
    assert lost >= 80
    assert last == f"WARNING {lost} lines were lost here: nobody read the log in time"
    assert lines == [f"INFO {long}"] * (100 - lost)


def test_a_reader_that_has_gone_stops_nothing(written: tuple[logging.Logger, LineWriter, int]) -> None:
    logger, writer, reading = written
    os.close(reading)
    for _ in range(30):
        logger.info("said to nobody")
    writer.flush()
    assert any(one.name == "log" and one.is_alive() for one in threading.enumerate())


def test_a_process_whose_log_nobody_reads_goes_on_and_ends() -> None:
    command = [sys.executable, "-c", UNREAD]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"all said\n"
        assert one.wait(30) == 0


def test_a_line_is_json_whatever_was_lost() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing, most=1)
    writer.setFormatter(JsonLines())
    logger = logging_by(writer)
    for _ in range(300):
        logger.error("x" * 3_000)
    heard = b""
    while b"were lost here" not in heard:
        heard += os.read(reading, 1_000_000)
    assert {json.loads(one)["level"] for one in heard.decode().splitlines()} == {"error", "warning"}
