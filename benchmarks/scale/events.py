"""Generated leads, interactions and snapshots as Parquet, in memory that does not grow with the interactions."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.scale import workload
from features.snapshots import SNAPSHOTS
from histories.clock import DAY, MINUTE, iso
from histories.contract import INTERACTIONS, LEADS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Interactions of a lead: log-normal, so that one in a hundred has some thirty times the median's.
LENGTH_SIGMA = 1.5
# A lead is active for a log-normal time after its creation; half of its interactions follow another within minutes.
ACTIVE_MEDIAN, ACTIVE_SIGMA = 60 * DAY, 1.0
FOLLOWS_SHARE, FOLLOWS_MEAN = 0.5, 6 * MINUTE
# Half of the leads belong to an account.
ACCOUNT_SHARE, ACCOUNT_LEADS = 0.5, 3.0
_LEADS_A_BLOCK = 200_000
_ROWS_A_BUCKET = 2_000_000
_ROWS_A_GROUP = 1_000_000
_RECORD = np.dtype([("lead", np.int32), ("occurred_at", np.int64)])


@dataclass(frozen=True, slots=True)
class Size:
    """How much is generated. `snapshots_per_lead` cutoffs for each lead, at random between its creation and the end."""

    interactions: int
    leads: int
    snapshots_per_lead: int = 1


@dataclass(frozen=True, slots=True)
class Files:
    """Where the generated tables lie: contract schemas, interactions in the order of time."""

    folder: Path

    @property
    def leads(self) -> Path:
        """One row a lead."""
        return self.folder / "leads.parquet"

    @property
    def interactions(self) -> Path:
        """One row an interaction, ascending in time as a CRM's log is."""
        return self.folder / "interactions.parquet"

    @property
    def snapshots(self) -> Path:
        """One row a snapshot, ascending in the cutoff as a log of scores is."""
        return self.folder / "snapshots.parquet"

    @property
    def config(self) -> Path:
        """The crm.toml that describes the others."""
        return self.folder / "crm.toml"


@dataclass(frozen=True, slots=True)
class Lengths:
    """Interactions a lead: what they are at these quantiles, and the share of leads that have none."""

    median: int
    p90: int
    p99: int
    longest: int
    none: float


def write(folder: Path, size: Size, seed: int) -> Lengths:
    """Write leads, interactions, snapshots and crm.toml into a folder that exists."""
    files, random = Files(folder), np.random.default_rng(seed)
    # Ids are given in the order of creation, as CRMs do.
    created = np.sort(random.integers(workload.START, workload.END - 14 * DAY, size.leads))
    weights = random.lognormal(sigma=LENGTH_SIGMA, size=size.leads)
    counts = random.multinomial(size.interactions, weights / weights.sum())
    _write_leads(files.leads, created, random)
    _write_snapshots(files.snapshots, created, size.snapshots_per_lead, random)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        buckets = _Buckets(Path(scratch), 1 + size.interactions // _ROWS_A_BUCKET)
        for first in range(0, size.leads, _LEADS_A_BLOCK):
            block = slice(first, first + _LEADS_A_BLOCK)
            buckets.add(_moments(created[block], counts[block], first, random))
        _write_interactions(files.interactions, buckets, random)
    files.config.write_text(_config(), encoding="utf-8")
    median, p90, p99 = (int(one) for one in np.quantile(counts, [0.5, 0.9, 0.99]))
    return Lengths(median, p90, p99, int(counts.max()), float((counts == 0).mean()))


def lead_names(numbers: Ints) -> pa.Array:
    """Return lead numbers as the ids that stand in the files."""
    return _names("lead-", numbers, 7)


def _names(prefix: str, numbers: Ints, digits: int) -> pa.Array:
    texts = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(prefix, texts, "")


def _write_leads(path: Path, created: Ints, random: np.random.Generator) -> None:
    accounts = random.integers(0, max(1, int(created.size * ACCOUNT_SHARE / ACCOUNT_LEADS)), created.size)
    alone = pa.array(random.random(created.size) >= ACCOUNT_SHARE)
    columns = [
        lead_names(np.arange(created.size)),
        pa.array(created),
        pc.if_else(alone, None, _names("account-", accounts, 7)),
    ]
    pq.write_table(pa.Table.from_arrays(columns, schema=LEADS), path)


def _write_snapshots(path: Path, created: Ints, per_lead: int, random: np.random.Generator) -> None:
    leads = np.repeat(np.arange(created.size), per_lead)
    cutoffs = random.integers(created[leads] + 1, workload.END + 1)
    order = np.argsort(cutoffs, kind="stable")
    columns = [lead_names(leads[order]), pa.array(cutoffs[order])]
    pq.write_table(pa.Table.from_arrays(columns, schema=SNAPSHOTS), path)


def _moments(created: Ints, counts: Ints, first: int, random: np.random.Generator) -> NDArray[np.void]:
    """Return lead and time of each interaction of a block of leads, in no order."""
    lead = np.repeat(np.arange(created.size), counts)
    active = ACTIVE_MEDIAN * random.lognormal(sigma=ACTIVE_SIGMA, size=created.size)
    lasts = np.minimum(active, workload.END - created - DAY)
    moments = created[lead] + lasts[lead] * random.random(lead.size) ** 1.5
    follows = random.random(lead.size) < FOLLOWS_SHARE
    follows[1:] &= lead[1:] == lead[:-1]
    follows[:1] = False
    leader = np.maximum.accumulate(np.where(follows, 0, np.arange(lead.size)))
    moments = moments[leader] + follows * random.exponential(FOLLOWS_MEAN, lead.size)
    records = np.empty(lead.size, dtype=_RECORD)
    records["lead"], records["occurred_at"] = first + lead, moments.astype(np.int64)
    return records


class _Buckets:
    """Interactions on disk, apart by stretches of time, so that each stretch can be sorted in memory."""

    def __init__(self, folder: Path, count: int) -> None:
        self._paths = [folder / f"{place}.bin" for place in range(count)]

    def add(self, records: NDArray[np.void]) -> None:
        share = (records["occurred_at"] - workload.START) / (workload.END - workload.START)
        place = np.minimum((share * len(self._paths)).astype(np.int64), len(self._paths) - 1)
        order = np.argsort(place, kind="stable")
        bounds = np.searchsorted(place[order], np.arange(len(self._paths) + 1))
        for path, begin, end in zip(self._paths, bounds[:-1], bounds[1:], strict=True):
            with path.open("ab") as file:
                file.write(records[order[begin:end]].tobytes())

    def each(self) -> list[Path]:
        return [path for path in self._paths if path.exists()]


def _write_interactions(path: Path, buckets: _Buckets, random: np.random.Generator) -> None:
    written = 0
    with pq.ParquetWriter(path, INTERACTIONS) as writer:
        for bucket in buckets.each():
            records = np.fromfile(bucket, dtype=_RECORD)
            records = records[np.argsort(records["occurred_at"], kind="stable")]
            for begin in range(0, records.size, _ROWS_A_GROUP):
                part = records[begin : begin + _ROWS_A_GROUP]
                writer.write_table(_interactions(part, written, random))
                written += part.size
            bucket.unlink()


def _interactions(records: NDArray[np.void], first: int, random: np.random.Generator) -> pa.Table:
    kinds = workload.KINDS
    shares = np.cumsum([kind.share for kind in kinds])
    kind = np.searchsorted(shares[:-1] / shares[-1], random.random(records.size), side="right")
    inbound, outbound = np.array([[one.inbound, one.outbound] for one in kinds]).T
    drawn = random.random(records.size)
    direction = np.where(drawn < inbound[kind], 0, np.where(drawn < (inbound + outbound)[kind], 1, 2))
    mean = np.array([one.mean_value for one in kinds])[kind]
    value = np.round(random.exponential(size=records.size) * mean, 2)
    columns = [
        lead_names(records["lead"].astype(np.int64)),
        _names("i-", np.arange(first, first + records.size), 10),
        pa.array(records["occurred_at"]),
        pa.nulls(records.size, pa.int64()),
        pa.array([one.name for one in kinds]).take(pa.array(kind)),
        pa.array([one.channel for one in kinds]).take(pa.array(kind)),
        pa.array(["inbound", "outbound", None]).take(pa.array(direction)),
        pa.array(value, mask=mean == 0.0),
    ]
    return pa.Table.from_arrays(columns, schema=INTERACTIONS)


def _config() -> str:
    families = "\n".join(f"{name} = {list(globs)}".replace("'", '"') for name, globs in workload.FAMILIES.items())
    return f"""timezone = "{workload.TIMEZONE}"
exported_at = {iso(workload.END)}

[leads]
file = "leads.parquet"
lead_id = "lead_id"
created_at = "created_at"
account_id = "account_id"

[[interactions]]
file = "interactions.parquet"
interaction_id = "interaction_id"
lead_id = "lead_id"
occurred_at = "occurred_at"
kind = "{{kind}}"
channel = "{{channel}}"
direction = "{{direction}}"
value = "value"

[families]
{families}
"""
