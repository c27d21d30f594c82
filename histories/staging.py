"""Turns each source's rows into our columns, in one query, and parts those that can be read from those that cannot."""
# ruff: noqa: S608 - names and texts are quoted by histories.sql; the user's own SQL runs on the user's own machine

from collections.abc import Mapping

from histories import sql
from histories.columns import LEAD_SHARD, Field, ours
from histories.source import ROW, OpenSource

FOUND = "leads found"  # the table of the leads that exist: lead_id and SHARD
SHARD = "shard"
NO_SHARD = -1  # that of rows that are in none: bad ones, and those that mean nothing
_REASON = ours("reason")


def staged(opened: OpenSource, fields: Mapping[str, Field], columns: Mapping[str, str], ignored: str = "false") -> str:
    """Return the query of a source's rows: ROW, `columns`, `reason` (null: nothing is wrong), `raw` and SHARD.

    `columns` maps a name to SQL over the fields. SHARD is that of the row's lead, NO_SHARD where the row is bad, or
    means nothing by the condition `ignored`. ROW and `raw`, the row as JSON, are there for bad rows alone.
    """
    bad, nothing = f"{_REASON} is not null", f"coalesce({ignored}, false)"
    shown = ", ".join(f"{read} as {sql.name(alias)}" for alias, read in columns.items())
    found = f"(select lead_id as {ours('found')}, {SHARD} as {LEAD_SHARD} from {sql.name(FOUND)})"
    return (
        f"select case when {bad} then {sql.name(ROW)} end as {sql.name(ROW)}, {shown}, {_REASON} as reason, "
        f"case when {bad} then {raw(opened)} end as raw, "
        f"case when {bad} or {nothing} then {NO_SHARD} else {LEAD_SHARD} end as {SHARD} "
        f"from (select *, case when {nothing} then null else {_reason(fields)} end as {_REASON} "
        f"from {_read(opened, fields)} left join {found} on {ours('lead_id')} = {ours('found')})"
    )


def staged_leads(opened: OpenSource, fields: Mapping[str, Field], doubtful: str, shards: int) -> str:
    """Return the query of all rows of `[leads]`: ROW, the fields by their aliases, `reason`, `raw` and SHARD.

    SHARD is that of the lead's account, so that an account's leads stay together; `raw` is there for bad rows, and
    for those that the condition `doubtful` on the fields' aliases names.
    """
    shown = ", ".join(f"{ours(alias)} as {sql.name(alias)}" for alias in fields)
    return (
        f"select {sql.name(ROW)}, {shown}, {_REASON} as reason, "
        f"case when {_REASON} is not null or {doubtful} then {raw(opened)} end as raw, "
        f"(hash(coalesce({ours('account_id')}, {ours('lead_id')})) % {shards})::integer as {SHARD} "
        f"from (select *, {_reason(fields)} as {_REASON} from {_read(opened, fields)})"
    )


def raw(opened: OpenSource) -> str:
    """SQL for a row of the source as JSON."""
    return f"to_json({{{', '.join(f'{sql.literal(one)}: {sql.name(one)}' for one in opened.columns)}}})::varchar"


def _read(opened: OpenSource, fields: Mapping[str, Field]) -> str:
    """The source with its columns' texts, then our columns: step by step, since a reason may need all of them."""
    made = ", ".join(f"{one.sql} as {ours(alias)}" for alias, one in fields.items())
    texts = sql.trimmed(opened.columns)
    return f"(select *, {made} from (select *, {texts} from {sql.name(opened.view)}))"


def _reason(fields: Mapping[str, Field]) -> str:
    cases = [f"when {condition} then {sql.literal(why)}" for one in fields.values() for condition, why in one.wrong]
    return f"case {' '.join(cases)} end" if cases else "null::varchar"
