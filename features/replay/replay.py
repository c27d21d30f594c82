"""Logged feature rows are computed again from the histories: training must see the numbers that were served.

The logged catalogue says what each column is; the moment is the row's own `as_of`. A value is the same if it has the
same bits.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.catalogue import Catalogue
from features.kernel.arrays import Floats
from features.replay import log as replay_log
from features.replay.causes import Flags
from features.replay.log import Entry, Unreadable
from features.replay.replayed import Replay
from features.replay.tally import Tally
from features.table import compute
from histories.contract import Histories
from histories.errors import DataError

_ROWS_AT_ONCE = 20_000


def replay(log: Path, histories: Histories) -> Replay:
    """Compute every row of a log, a file or a folder of them, again, and count what is the same.

    Rows are read and compared some thousands at a time. Raises CallError where there is no log, and DataError where
    no row of it could be compared.
    """
    known = set(histories.leads["lead_id"].to_pylist())
    tally = Tally(histories.exported_at)
    for catalogue, entries in _batches(replay_log.read(log), tally):
        there = [one for one in entries if one.lead_id in known]
        tally.unknown(catalogue, [one for one in entries if one.lead_id not in known])
        if there:
            tally.compared(catalogue, there, _recomputed(there, histories, catalogue), _unfounded(catalogue, histories))
    found = tally.result()
    if not found.same_rows + found.different_rows:
        raise DataError(f"{log}: {_nothing(found)}")
    return found


def _batches(lines: Iterable[Entry | Unreadable], tally: Tally) -> Iterator[tuple[Catalogue, list[Entry]]]:
    """Yield rows of one catalogue, some thousands at a time."""
    waiting: dict[Catalogue, list[Entry]] = {}
    for one in lines:
        if isinstance(one, Unreadable):
            tally.unreadable(one)
            continue
        batch = waiting.setdefault(one.catalogue, [])
        batch.append(one)
        if len(batch) == _ROWS_AT_ONCE:
            yield one.catalogue, waiting.pop(one.catalogue)
    yield from waiting.items()


def _recomputed(entries: list[Entry], histories: Histories, catalogue: Catalogue) -> Floats:
    snapshots = pa.table(
        {
            "lead_id": pa.array([one.lead_id for one in entries], pa.string()),
            "cutoff": pa.array([one.as_of for one in entries], pa.int64()),
        }
    )
    return compute(histories, snapshots, catalogue).matrix


def _unfounded(catalogue: Catalogue, histories: Histories) -> Flags:
    """Tell which columns the export cannot say anything of: attributes and accounts that it does not have."""
    there = {f"attribute:{name}" for name in histories.attribute_types}
    accounts = bool(pc.any(pc.is_valid(histories.leads["account_id"])).as_py())
    account = {one.name for one in catalogue.blocks["account"]} if not accounts else set()
    return np.array(
        [
            one.name in account or (one.signal.startswith("attribute:") and one.signal not in there)
            for one in catalogue.features
        ]
    )


def _nothing(found: Replay) -> str:
    """Say why no row could be compared."""
    said = []
    if found.unknown_rows:
        some = ", ".join(map(repr, found.unknown_leads))
        said.append(
            f"none of its {found.unknown_rows:,} rows is of a lead that the export has, such as {some}; "
            "name the CRM that the requests came from"
        )
    if found.problems:
        worst, lines = found.problems[0], found.unreadable_lines
        others = f" and {lines - 1:,} more" if lines > 1 else ""
        said.append(f"no row could be read from {worst.first}{others}: {worst.text}")
    return "; ".join(said) or "holds no rows; requests that are scored while LEAD_SCORING_REQUEST_LOG is set leave some"
