"""Takes what MLflow keeps of a lead out of the tables and reports of all runs.

Leads are named in two places alone: tables (`Run.table`) with a column `lead_id`, and the report's tables whose first
column is `Lead`. Pictures, figures and bundles name nobody.
"""

import html
import json
import re
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from histories.errors import DataError
from training.tracking import Tracker

_LEAD = "lead_id"
_TABLES = re.compile(r"<table>.*?</table>", re.DOTALL)
_OF_LEADS = re.compile(r"<thead><tr><th[^>]*>Lead</th>")
_ROWS = re.compile(r"[ \t]*<tr[^>]*><td[^>]*>(.*?)</td>.*?</tr>\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows went, from how many files."""

    rows: int
    files: int


def forget(tracker: Tracker, lead_ids: Collection[str], tell: Callable[[int, int], None]) -> Removed:
    """Rewrite the tables and reports of all runs without the rows of these leads; files without any are not touched.

    `tell` takes how many runs are done, of how many. Raises DataError where a file cannot be fetched, or written.
    """
    counts: list[int] = []
    runs = tracker.runs()
    for done, run_id in enumerate(runs, 1):
        for path in tracker.files(run_id, (".json", ".html")):
            without, rows = (table if path.endswith(".json") else report)(_content(tracker, run_id, path), lead_ids)
            if rows:
                tracker.replace(run_id, path, without)
                counts.append(rows)
        tell(done, len(runs))
    return Removed(sum(counts), len(counts))


def _content(tracker: Tracker, run_id: str, path: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        fetched = tracker.fetch(run_id, path, Path(scratch))
        if fetched is None:
            raise DataError(f"{path} of run {run_id} cannot be fetched from {tracker.label}; run the command again")
        return fetched.read_text(encoding="utf-8")


def table(content: str, lead_ids: Collection[str]) -> tuple[str, int]:
    """Return a table's JSON without the rows of these leads, and how many went; any other JSON as it is."""
    if not any(json.dumps(one) in content or f'"{one}"' in content for one in lead_ids):
        return content, 0
    parts = json.loads(content)
    if not isinstance(parts, dict) or _LEAD not in parts.get("columns", ()):
        return content, 0
    place, rows = parts["columns"].index(_LEAD), parts["data"]
    left = [row for row in rows if row[place] not in lead_ids]
    parts["data"] = left
    return json.dumps(parts, separators=(",", ":"), allow_nan=False), len(rows) - len(left)


def report(page: str, lead_ids: Collection[str]) -> tuple[str, int]:
    """Return a report's HTML without the rows of these leads, and how many went."""
    removed = 0

    def row(found: re.Match[str]) -> str:
        nonlocal removed
        if html.unescape(found[1]).strip() not in lead_ids:
            return found[0]
        removed += 1
        return ""

    def rows(found: re.Match[str]) -> str:
        return _ROWS.sub(row, found[0]) if _OF_LEADS.search(found[0]) else found[0]

    return _TABLES.sub(rows, page), removed
