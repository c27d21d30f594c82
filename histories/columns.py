"""Looks up the columns that crm.toml names in a source, and makes of them our own: their SQL, and what can be wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from histories import sql
from histories.clock import iso
from histories.crm import Column, Text
from histories.errors import CallError, listed, nearest
from histories.source import OpenSource


@dataclass(frozen=True, slots=True)
class Field:
    """One of our columns: its SQL, and what is wrong with a row (SQL condition to reason, the first one counts)."""

    sql: str
    wrong: tuple[tuple[str, str], ...] = ()


def ours(alias: str) -> str:
    """Our column beside the export's: a name that no export has."""
    return sql.name(f"our {alias}")


# The shard of the row's lead; null: there is no such lead.
LEAD_SHARD = ours("shard of the lead")


class Columns:
    """Looks up the columns that crm.toml names in a source, and makes fields of them."""

    def __init__(self, opened: OpenSource, limit: int | None) -> None:
        """`limit` is the moment (UTC microseconds) after which nothing may lie; None: not known yet."""
        self._opened, self._limit = opened, limit

    def type(self, column: str, place: str) -> str:
        """Return DuckDB's type of a column. Raises CallError that names what the file has instead."""
        columns = self._opened.columns
        if column not in columns:
            raise CallError(
                f"{place}: {self._opened.label} has no column {column!r}; it has {listed(columns)}"
                f"{nearest(column, columns)}"
            )
        return columns[column]

    def identifier(self, column: Column, alias: str) -> Field:
        """A text that must be there."""
        self.type(column.name, column.place)
        return Field(sql.text(column.name), ((f"{ours(alias)} is null", f"no {alias} (column {column.name!r})"),))

    def optional_text(self, column: Column | None) -> Field:
        """A text, or null."""
        if column is None:
            return Field("null::varchar")
        self.type(column.name, column.place)
        return Field(sql.text(column.name))

    def lead(self, column: Column) -> Field:
        """A lead_id that must be that of a lead."""
        field = self.identifier(column, "lead_id")
        return Field(field.sql, (*field.wrong, (f"{LEAD_SHARD} is null", "there is no lead of this lead_id")))

    def time(self, column: Column | None, alias: str, *, needed: bool = True) -> Field:
        """A time from 1970 to the limit, as UTC microseconds."""
        if column is None:
            return Field("null::bigint")
        type_ = self.type(column.name, column.place)
        read = sql.time(column.name, type_)
        if read is None:
            raise CallError(
                f"{column.place}: column {column.name!r} of {self._opened.label} is of type {type_}; allowed is {sql.TIMES}"
            )
        missing = sql.missing(column.name, type_)
        seen = f"{alias} (column {column.name!r})"
        read_as = ours(alias)
        wrong = [(f"{missing}", f"no {seen}")] if needed else []
        wrong.append((f"{read_as} is null and not {missing}", f"{seen} {sql.UNREADABLE_TIME}"))
        wrong.append((f"{read_as} < 0", f"{seen} lies before 1970"))
        if self._limit is not None:
            wrong.append((f"{read_as} > {self._limit}", f"{seen} lies after the export was taken, {iso(self._limit)}"))
        return Field(read, tuple(wrong))

    def number(self, column: Column | None, alias: str) -> Field:
        """A finite number, or null where the export has none."""
        if column is None:
            return Field("null::double")
        type_ = self.type(column.name, column.place)
        read = sql.number(column.name, type_)
        unreadable = f"{ours(alias)} is null and not ({sql.missing(column.name, type_)})"
        return Field(read, ((unreadable, f"{alias} (column {column.name!r}) is not a number"),))

    def text(self, text: Text | None) -> Field:
        """A template's text; null where one of its columns is empty."""
        if text is None:
            return Field("null::varchar")
        for column in text.template.columns:
            self.type(column, text.place)
        constant = text.template.constant
        if constant is not None and constant in self._opened.columns:
            raise CallError(
                f"{text.place}: {constant!r} is a column of {self._opened.label}; write it in braces, as '{{{constant}}}'"
            )
        return Field(sql.template(text.template))

    def needed_text(self, text: Text, alias: str) -> Field:
        """A template's text that must be there."""
        columns = ", ".join(text.template.columns)
        return Field(self.text(text).sql, ((f"{ours(alias)} is null", f"no {alias} (column {columns!r})"),))

    def chosen(self, text: Text | None, alias: str, allowed: Sequence[str]) -> Field:
        """A template's text that is one of `allowed` (capitals make no difference), or null."""
        listed = ", ".join(sql.literal(one) for one in allowed)
        wrong = (f"{ours(alias)} not in ({listed})", f"{alias} is none of {', '.join(allowed)}")
        return Field(f"lower({self.text(text).sql})", (wrong,))

    def row_hash(self) -> Field:
        """What stands for a missing id: equal for rows that are equal in every column, of whatever order."""
        parts = [f"coalesce({sql.name(one)}::varchar, chr(30))" for one in self._opened.columns]
        return Field(f"left(md5(concat_ws(chr(31), {', '.join(parts)})), 20)")
