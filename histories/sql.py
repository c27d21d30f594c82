"""SQL expressions that read a column of an export as a text, a number or a time, whatever type the file gives it."""

from collections.abc import Iterable

from histories.templates import Template

# One way to write a day, and one to write a time of day: what `2012-3-25` and `09:30:00.5` are made of.
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_CLOCK = r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_OFFSET = r" ?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)"
_WHOLE = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"
}  # fmt: skip
# What messages say of a time, and what is allowed.
UNREADABLE_TIME = "is not a date or time that can be read"
TIMES = "a date or time as 2026-01-31, 2026-01-31T09:30:00 or 2026-01-31T09:30:00+01:00, or seconds since 1970 (10 digits), milliseconds (13) or microseconds (16)"


def name(identifier: str) -> str:
    """Quote a column's or table's name."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text."""
    return "'" + text.replace("'", "''") + "'"


def text(column: str) -> str:
    """The column as a text without space around it, null where nothing is left: a column that `trimmed` adds."""
    return name(f"{column} as text")


def trimmed(columns: Iterable[str]) -> str:
    """The columns, for a select, that `text` speaks of: made once, since expressions name a text several times."""

    def one(column: str) -> str:
        given = f"{name(column)}::varchar"
        # Most texts have no space around them, and looking is cheaper than trimming.
        return (
            f"case when ascii({given}) <= 32 or ascii(right({given}, 1)) <= 32 "
            f"then nullif(trim({given}, ' \t\r\n'), '') else {given} end as {text(column)}"
        )

    return ", ".join(one(column) for column in columns)


def missing(column: str, type_: str) -> str:
    """Condition under which the column says nothing; a number's text, say, need not be made for that."""
    plain = type_ in _WHOLE or type_ in ("DOUBLE", "FLOAT", "DATE") or type_.startswith("TIMESTAMP")
    return f"{name(column) if plain else text(column)} is null"


def template(of: Template) -> str:
    """The template's text; null where one of its columns is."""
    pieces: list[str] = []
    for before, column in of.parts:
        if before:
            pieces.append(literal(before))
        if column is not None:
            pieces.append(text(column))
    return f"nullif({' || '.join(pieces)}, '')" if pieces else "null::varchar"


def number(column: str, type_: str) -> str:
    """The column as a double; null where it is none, or not finite."""
    given = text(column) if type_ == "VARCHAR" else name(column)
    cast = f"try_cast({given} as double)"
    return f"case when isfinite({cast}) then {cast} end"


def time(column: str, type_: str) -> str | None:
    """The column as UTC microseconds; null where it is no time. None where a column of this type cannot be one.

    Local times go through the function `wall_to_utc`, which the connection must have.
    """
    given = name(column)
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return _finite(given, f"epoch_us({given})")
    if type_ == "DATE" or type_.startswith("TIMESTAMP"):
        return _finite(given, f"wall_to_utc(epoch_us(try_cast({given} as timestamp)))")
    if type_ in _WHOLE:
        return (
            f"case when {given} between 1000000000 and 9999999999 then {given}::bigint * 1000000 "
            f"when {given} between 1000000000000 and 9999999999999 then {given}::bigint * 1000 "
            f"when {given} between 1000000000000000 and 9999999999999999 then {given}::bigint end"
        )
    if type_ != "VARCHAR":
        return None
    given = text(column)
    # DuckDB reads most offsets; the rest are brought to its form, which costs more than the reading.
    offset = (
        f"regexp_replace(regexp_replace({given}, ' ?(Z|z|UTC|GMT)$', '+00'), ' ?([+-]\\d{{2}}:?(\\d{{2}})?)$', '\\1')"
    )
    return (
        f"case when regexp_full_match({given}, '{_DAY}({_CLOCK})?') "
        f"then wall_to_utc(epoch_us(try_cast({given} as timestamp))) "
        f"when regexp_full_match({given}, '{_DAY}{_CLOCK}{_OFFSET}') "
        f"then epoch_us(coalesce(try_cast({given} as timestamptz), try_cast({offset} as timestamptz))) "
        f"else {_since_1970(given)} end"
    )


def _finite(given: str, micros: str) -> str:
    """Infinite times exist in DuckDB and Parquet from it; they are no times here."""
    return f"case when isfinite({given}) then {micros} end"


def _since_1970(digits: str) -> str:
    """The number of digits tells the unit for 2001 to 2286; eight digits could be a date, so others are refused."""
    return (
        f"case when regexp_full_match({digits}, '\\d{{10}}') then {digits}::bigint * 1000000 "
        f"when regexp_full_match({digits}, '\\d{{13}}') then {digits}::bigint * 1000 "
        f"when regexp_full_match({digits}, '\\d{{16}}') then {digits}::bigint end"
    )
