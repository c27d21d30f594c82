"""Reading an export: every format, every way to write a time, and what becomes of each row that cannot be read."""

import gzip
import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from histories import clock, export
from histories.assemble import assemble
from histories.contract import Direction, Interaction, LeadHistory
from histories.errors import CallError, DataError
from histories.export import Export

NOW = clock.parse("2030-01-01")
LEADS = '[leads]\nfile = "leads.csv"\nlead_id = "id"\ncreated_at = "created"\n'
CALLS = (
    '[[interactions]]\nfile = "calls.csv"\ninteraction_id = "no"\nlead_id = "lead"\noccurred_at = "at"\nkind = "call"\n'
)
DEALS = '[[outcomes]]\nfile = "deals.csv"\nlead_id = "lead"\nstage = "customer"\nreached_at = "won"\n'
TWO_LEADS = "id,created\na,2020-01-01\nb,2020-01-02\n"
ANY = "exported_at = 2020-12-31\nmax_bad_share = 1\n"


def read(folder: Path, config: str, **files: str) -> Export:
    (folder / "crm.toml").write_text(config)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, newline="")
    return export.read(folder / "crm.toml", NOW)


def calls(result: Export, column: str) -> list[object]:
    return result.histories.interactions[column].to_pylist()


def quarantined(result: Export) -> list[tuple[object, ...]]:
    return [(row["source"], row["line"], row["reason"]) for row in result.quarantine.to_pylist()]


def test_an_export_becomes_histories(tmp_path: Path) -> None:
    """Two leads, two calls and a deal come out as they were written, sorted, ids behind their source's name."""
    result = read(
        tmp_path,
        ANY + LEADS + CALLS + DEALS,
        leads=TWO_LEADS,
        calls="no,lead,at\n2,b,2020-02-01\n1,a,2020-02-01T12:00:00Z\n",
        deals="lead,won\na,2020-03-01\n",
    )
    assert result.histories.leads.to_pylist() == [
        {"lead_id": "a", "created_at": clock.parse("2020-01-01"), "account_id": None},
        {"lead_id": "b", "created_at": clock.parse("2020-01-02"), "account_id": None},
    ]
    assert calls(result, "interaction_id") == ["calls:1", "calls:2"]
    assert calls(result, "occurred_at") == [clock.parse("2020-02-01T12:00:00Z"), clock.parse("2020-02-01")]
    assert result.histories.outcomes.to_pylist() == [
        {"lead_id": "a", "stage": "customer", "reached_at": clock.parse("2020-03-01"), "amount": None}
    ]
    assert result.quarantine.num_rows == 0


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "parquet.gz", "jsonl", "jsonl.gz", "ndjson", "tsv"])
def test_every_format_says_the_same(tmp_path: Path, suffix: str) -> None:
    """One export, written in each format that is allowed, gives one and the same table of interactions."""
    rows = [{"no": "1", "lead": "a", "at": "2020-02-01T12:00:00+01:00"}, {"no": "2", "lead": "b", "at": "2020-02-02"}]
    separator = "\t" if suffix == "tsv" else ","
    table = pa.Table.from_pylist(rows)
    plain = tmp_path / f"plain.{suffix}"
    if "parquet" in suffix:
        pyarrow.parquet.write_table(table, plain)
    elif "json" in suffix:
        plain.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        plain.write_text("\n".join(separator.join(row) for row in [rows[0].keys(), *(r.values() for r in rows)]) + "\n")
    packed = gzip.compress(plain.read_bytes()) if suffix.endswith(".gz") else plain.read_bytes()
    (tmp_path / f"calls.{suffix}").write_bytes(packed)
    result = read(tmp_path, ANY + LEADS + CALLS.replace("calls.csv", f"calls.{suffix}"), leads=TWO_LEADS)
    assert calls(result, "interaction_id") == ["calls:1", "calls:2"]
    assert calls(result, "occurred_at") == [clock.parse("2020-02-01T11:00:00Z"), clock.parse("2020-02-02")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-07-01", "2020-06-30T22:00:00Z"),
        ("2020-07-01 12:30", "2020-07-01T10:30:00Z"),
        ("2020-07-01T12:30:15.123456", "2020-07-01T10:30:15.123456Z"),
        ("2020-03-29 02:30:00", "2020-03-29T01:30:00Z"),  # the clock skipped it: read by the offset before
        ("2020-10-25 02:30:00", "2020-10-25T00:30:00Z"),  # it came twice: the first one
        ("2020-07-01T12:30:00Z", "2020-07-01T12:30:00Z"),
        ("2020-07-01 12:30:00 UTC", "2020-07-01T12:30:00Z"),
        ("2020-07-01T12:30:00-03:00", "2020-07-01T15:30:00Z"),
        ("2020-07-01T12:30:00 +0530", "2020-07-01T07:00:00Z"),
        ("1593606600", "2020-07-01T12:30:00Z"),
        ("1593606600123", "2020-07-01T12:30:00.123Z"),
        ("1593606600123456", "2020-07-01T12:30:00.123456Z"),
    ],
)
def test_a_time_is_read_in_the_zone_unless_it_has_an_offset(tmp_path: Path, written: str, meant: str) -> None:
    """Texts of every allowed form, in Amsterdam."""
    result = read(
        tmp_path,
        'timezone = "Europe/Amsterdam"\n' + ANY + LEADS + CALLS,
        leads=TWO_LEADS,
        calls=f"no,lead,at\n1,a,{written}\n",
    )
    assert calls(result, "occurred_at") == [clock.parse(meant)]


@pytest.mark.parametrize(
    "written", ["20200701", "01/07/2020", "2020-13-01", "2020-02-30 10:00", "soon", "infinity", "12"]
)
def test_what_is_no_time_for_sure_is_not_guessed(tmp_path: Path, written: str) -> None:
    """Days and months in doubtful order, eight digits, impossible days: all go to the quarantine."""
    result = read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS, calls=f"no,lead,at\n1,a,{written}\n")
    ((source, line, reason),) = quarantined(result)
    assert (source, line) == ("interactions/calls", 2)
    assert reason == "occurred_at (column 'at') is not a date or time that can be read"


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        (pa.array([datetime.fromisoformat("2020-07-01T12:00")], pa.timestamp("us")), "2020-07-01T10:00:00Z"),
        (pa.array([datetime.fromisoformat("2020-07-01T12:00")], pa.timestamp("ns")), "2020-07-01T10:00:00Z"),
        (pa.array([datetime(2020, 7, 1, 12, tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo")), "2020-07-01T12:00:00Z"),
        (pa.array([date(2020, 7, 1)]), "2020-06-30T22:00:00Z"),
        (pa.array([1593606600]), "2020-07-01T12:30:00Z"),
        (pa.array(["2020-07-01"]), "2020-06-30T22:00:00Z"),
    ],
)
def test_parquet_keeps_its_types(tmp_path: Path, column: pa.Array, meant: str) -> None:
    """Timestamps with a zone are moments; those without, dates and texts are read in Amsterdam."""
    table = pa.table({"no": pa.array([1]), "lead": pa.array(["a"]), "at": column})
    pyarrow.parquet.write_table(table, tmp_path / "calls.parquet")
    config = 'timezone = "Europe/Amsterdam"\n' + ANY + LEADS + CALLS.replace("calls.csv", "calls.parquet")
    assert calls(read(tmp_path, config, leads=TWO_LEADS), "occurred_at") == [clock.parse(meant)]


def test_a_parquet_column_that_cannot_be_a_time_is_named(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"no": [1], "lead": ["a"], "at": [1.5]}), tmp_path / "calls.parquet")
    with pytest.raises(
        CallError, match=r"occurred_at: column 'at' of calls\.parquet is of type DOUBLE; allowed is a date"
    ):
        read(tmp_path, ANY + LEADS + CALLS.replace("calls.csv", "calls.parquet"), leads=TWO_LEADS)


BAD_CALLS = """no,lead,at,by,worth
1,a,2020-02-01,inbound,1
,a,2020-02-01,inbound,1
3,,2020-02-01,inbound,1
4,a,,inbound,1
5,a,soon,inbound,1
6,a,1969-12-31,inbound,1
7,a,2021-01-01,inbound,1
8,nobody,2020-02-01,inbound,1
9,a,2020-02-01,sideways,1
10,a,2020-02-01,inbound,much
11,a,2020-02-01,inbound
12,a,2020-02-01,Outbound,
"""


def test_each_bad_row_is_in_the_quarantine_with_its_line_and_reason(tmp_path: Path) -> None:
    """One row of each fault; two good ones stay, and rows = kept + quarantined."""
    block = CALLS + 'direction = "{by}"\nvalue = "worth"\n'
    result = read(tmp_path, ANY + LEADS + block, leads=TWO_LEADS, calls=BAD_CALLS)
    assert calls(result, "interaction_id") == ["calls:1", "calls:12"]
    assert calls(result, "direction") == ["inbound", "outbound"]
    assert calls(result, "value") == [1.0, None]
    reasons = {line: str(reason) for _, line, reason in quarantined(result)}
    starts = {
        3: "no interaction_id (column 'no')",
        4: "no lead_id (column 'lead')",
        5: "no occurred_at (column 'at')",
        6: "occurred_at (column 'at') is not a date or time that can be read",
        7: "occurred_at (column 'at') lies before 1970",
        8: "occurred_at (column 'at') lies after the export was taken",
        9: "there is no lead of this lead_id",
        10: "direction is none of inbound, outbound",
        11: "value (column 'worth') is not a number",
        12: "the line cannot be taken apart",
    }
    assert reasons.keys() == starts.keys()
    assert all(reasons[line].startswith(start) for line, start in starts.items())
    (count,) = [one for one in result.sources if one.table == "interactions"]
    assert (count.rows, count.kept, count.quarantined, count.duplicates) == (12, 2, 10, 0)
    rows = result.quarantine["row"].to_pylist()
    assert json.loads(rows[3])["at"] == "soon"
    assert rows[-1] == "11,a,2020-02-01,inbound"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path, newline: str) -> None:
    """Blank lines, line breaks within quotes and malformed lines before a bad row do not shift its line."""
    lines = ["no,lead,at", "1,a,2020-02-01", '2,"a', '",2020-02-01', "", "3,a,2020-02-01,x", "4,a,never", "5,a,never"]
    result = read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS, calls=newline.join(lines) + newline)
    assert [line for _, line, _ in quarantined(result)] == [6, 7, 8]


def test_rows_that_are_left_out_are_named_where_no_quarantine_is_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who trains or scores is told as well as who checks."""
    read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS, calls="no,lead,at\n1,a,2020-02-01\n2,a,soon\n")
    assert caplog.messages == [
        "crm.toml: 1 of 4 rows could not be read and are left out; `lead-scoring check` says which and why"
    ]


def test_a_quote_that_does_not_end_loses_nothing(tmp_path: Path) -> None:
    """The lines that it swallows are in the quarantine, the ones after them are read."""
    text = "no,lead,at\n" + "".join(f"{n},a,2020-02-01\n" for n in range(50)) + '50,"a,2020-02-01\n'
    text += "".join(f"{n},a,2020-02-01\n" for n in range(51, 100))
    result = read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS, calls=text)
    swallowed = " ".join(result.quarantine["row"].to_pylist())
    seen = set(calls(result, "interaction_id")) | {f"calls:{n}" for n in range(100) if f"{n}," in swallowed}
    assert seen == {f"calls:{n}" for n in range(100)}
    assert result.quarantine["line"].to_pylist()[0] == 52


def test_a_row_that_is_no_json_keeps_its_line(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(
        '{"no": 1, "lead": "a", "at": "2020-02-01"}\n\n{"no": 2\n[1]\n{"lead": "a"}\n'
    )
    result = read(tmp_path, ANY + LEADS + CALLS.replace("calls.csv", "calls.jsonl"), leads=TWO_LEADS)
    assert quarantined(result) == [
        ("interactions/calls", 3, "the line is not a JSON object"),
        ("interactions/calls", 4, "the line is not a JSON object"),
        ("interactions/calls", 5, "no interaction_id (column 'no')"),
    ]


def test_duplicates_go_by_id_and_the_earliest_received_stays(tmp_path: Path) -> None:
    """Three rows of one id: one stays, two are counted; the same id of another lead is another interaction."""
    text = "no,lead,at,got\n1,a,2020-02-01,2020-02-03\n1,a,2020-02-02,2020-02-02\n1,a,2020-02-01,2020-02-04\n1,b,2020-02-01,\n"
    result = read(tmp_path, ANY + LEADS + CALLS + 'received_at = "got"\n', leads=TWO_LEADS, calls=text)
    assert calls(result, "occurred_at") == [clock.parse("2020-02-02"), clock.parse("2020-02-01")]
    assert [one.duplicates for one in result.sources] == [0, 2]


def test_without_an_id_equal_rows_are_one_interaction_wherever_they_stand(tmp_path: Path) -> None:
    block = CALLS.replace('interaction_id = "no"\n', "")
    one = read(
        tmp_path, ANY + LEADS + block, leads=TWO_LEADS, calls="lead,at\na,2020-02-01\na,2020-02-02\na,2020-02-01\n"
    )
    other = read(tmp_path, ANY + LEADS + block, leads=TWO_LEADS, calls="lead,at\na,2020-02-02\na,2020-02-01\n")
    assert one.histories.interactions.equals(other.histories.interactions)
    assert [count.duplicates for count in one.sources] == [0, 1]


def test_of_a_lead_that_comes_twice_the_one_created_first_is_kept(tmp_path: Path) -> None:
    result = read(tmp_path, ANY + LEADS, leads="id,created\na,2020-02-01\na,2020-01-01\n")
    assert result.histories.leads["created_at"].to_pylist() == [clock.parse("2020-01-01")]
    assert quarantined(result) == [
        ("leads/leads", 2, "another row has this lead_id; the lead is read from the one created first")
    ]


def test_an_attribute_that_is_no_number_does_not_cost_the_lead(tmp_path: Path) -> None:
    """The lead stays without the value, and the row is in the quarantine all the same."""
    block = (
        LEADS
        + '[leads.attributes]\nstaff = { column = "Number of employees", type = "number" }\nindustry = "category"\n'
    )
    text = "id,created,Number of employees,industry\na,2020-01-01,12,\nb,2020-01-01,many, retail \n"
    result = read(tmp_path, ANY + block, leads=text)
    assert [
        (row["lead_id"], row["name"], row["text"], row["number"]) for row in result.histories.attributes.to_pylist()
    ] == [
        ("a", "staff", None, 12.0),
        ("b", "industry", "retail", None),
    ]
    ((_, line, reason),) = quarantined(result)
    assert (line, reason) == (
        3,
        "attribute staff (column 'Number of employees') is not a number; the lead is kept without it",
    )
    assert (result.sources[0].kept, result.sources[0].quarantined, result.sources[0].values_left_out) == (2, 0, 1)


def test_dated_attributes_are_known_from_their_own_time_on(tmp_path: Path) -> None:
    block = '[[attributes]]\nfile = "calls.csv"\nlead_id = "lead"\nname = "staff"\ntype = "number"\nvalue = "no"\nknown_at = "at"\n'
    result = read(tmp_path, ANY + LEADS + block, leads=TWO_LEADS, calls="no,lead,at\n12,a,2020-02-01\n,a,2020-03-01\n")
    rows = [(row["number"], row["known_at"]) for row in result.histories.attributes.to_pylist()]
    assert rows == [(12.0, clock.parse("2020-02-01")), (None, clock.parse("2020-03-01"))]


def test_a_map_tells_stages_and_what_is_none(tmp_path: Path) -> None:
    """Mapped to a stage: kept. Mapped to "": counted as ignored. Not in the map: quarantined."""
    block = DEALS.replace('"customer"', '"{status}"') + '[outcomes.map]\n"Closed Won" = "customer"\nOpen = ""\n'
    text = "lead,won,status\na,2020-02-01,Closed Won\na,,Open\na,2020-02-01,Closed won\na,2020-02-01,\n"
    result = read(tmp_path, ANY + LEADS + block, leads=TWO_LEADS, deals=text)
    assert result.histories.outcomes["stage"].to_pylist() == ["customer"]
    assert quarantined(result) == [
        ("outcomes/deals", 4, 'stage is not in the map; write what it means, or "" for nothing'),
        ("outcomes/deals", 5, "no stage (column 'status')"),
    ]
    assert (result.sources[1].rows, result.sources[1].kept, result.sources[1].ignored) == (4, 1, 1)


def test_exported_at_is_the_newest_interaction_of_a_lead_that_is_not_after_now(tmp_path: Path) -> None:
    text = "no,lead,at\n1,a,2020-02-01\n2,nobody,2020-06-01\n3,a,2040-01-01\n4,a,2020-05-01\n"
    result = read(tmp_path, "max_bad_share = 1\n" + LEADS + CALLS, leads=TWO_LEADS, calls=text)
    assert result.histories.exported_at == clock.parse("2020-05-01")
    assert [line for _, line, _ in quarantined(result)] == [3, 4]


@pytest.mark.parametrize("name", ["plain", "March [2024], it's"])
def test_a_query_reads_files_beside_crm_toml(tmp_path: Path, name: str) -> None:
    """Relative names in SQL are relative to crm.toml, whatever its folder is called; sources keep their ids apart."""
    folder = tmp_path / name
    folder.mkdir()
    query = CALLS.replace('file = "calls.csv"', "query = \"select * from 'calls.csv' where no > 1 -- and so on\"")
    named = query.replace("[[interactions]]", '[[interactions]]\nname = "crm"')
    result = read(
        folder,
        ANY + LEADS + query + query + named,
        leads=TWO_LEADS,
        calls="no,lead,at\n1,a,2020-02-01\n2,a,2020-02-01\n",
    )
    assert calls(result, "interaction_id") == ["crm:2", "query#2:2", "query:2"]


def test_where_and_templates_take_columns_of_any_name(tmp_path: Path) -> None:
    block = CALLS.replace('"call"', '"{what: it}-{how}"') + 'where = "\\"what: it\\" <> \'ad\'"\n'
    text = "no,lead,at,what: it,how\n1,a,2020-02-01,call,in\n2,a,2020-02-01,ad,in\n3,a,soon,call,in\n4,a,2020-02-01,call,\n"
    result = read(tmp_path, ANY + LEADS + block, leads=TWO_LEADS, calls=text)
    assert calls(result, "kind") == ["call-in"]
    assert [line for _, line, _ in quarantined(result)] == [4, 5]
    assert result.sources[1].rows == 3


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_quarantine_is_written_even_where_the_share_of_bad_rows_stops_the_run(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "crm.toml").write_text("exported_at = 2020-12-31\n" + LEADS)
    (tmp_path / "leads.csv").write_text("id,created\na,2020-01-01\nb,soon\nc,\n")
    place = tmp_path / "out" / f"quarantine.{suffix}"
    with pytest.raises(DataError) as caught:
        export.read(tmp_path / "crm.toml", NOW, place)
    assert str(caught.value).startswith(
        "leads/leads: 2 of 3 rows are bad, more than max_bad_share = 0.1 allows (1 row: "
    )
    assert str(caught.value).endswith(
        f"; all of them are in {place}; mend the export or crm.toml, or raise max_bad_share"
    )
    written = pyarrow.csv.read_csv(place) if suffix == "csv" else pyarrow.parquet.read_table(place)
    assert written["line"].to_pylist() == [3, 4]
    assert [one.name for one in place.parent.iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LEADS.replace('"created"', '"creatd"'), "crm.toml, line 6, [leads] created_at: leads.csv has no column 'creatd'; it has id, created; did you mean 'created'?"),
        (LEADS.replace("leads.csv", "leads.xlsx"), "crm.toml, line 4, [leads] file: 'leads.xlsx' is of no kind that can be read; allowed are .csv, .tsv, .parquet, .jsonl, .ndjson, each also with .gz"),
        (LEADS + 'where = "nothing = 1"\n', "crm.toml, line 7, [leads] where: DuckDB cannot run this: Binder Error"),
        (LEADS.replace('file = "leads.csv"', 'query = "selct 1"'), "crm.toml, line 4, [leads] query: DuckDB cannot run this: Parser Error"),
        (LEADS + CALLS.replace('"call"', '"at"').replace("calls", "leads").replace('"lead"', '"id"').replace('"at"', '"created"').replace('"no"', '"id"'), "crm.toml, line 12, [interactions #1] kind: 'created' is a column of leads.csv; write it in braces, as '{created}'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_crm_toml_and_its_files_is_one_line(tmp_path: Path, config: str, message: str) -> None:
    with pytest.raises(CallError) as caught:
        read(tmp_path, ANY + config, leads=TWO_LEADS)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "leads.csv is empty or begins with a blank line; its first line must name the columns"),
        (b"id,created,ID\n", "leads.csv has several columns named 'id' (capitals make no difference); rename one"),
        ("id,cr\xe9\n".encode("latin-1"), "leads.csv is not UTF-8 text; save it as UTF-8"),
        ("id,created\n".encode("utf-16-le"), "leads.csv is not UTF-8 text; save it as UTF-8"),
        (f"id,{'x' * 200_000}\n".encode(), "leads.csv cannot be read: field larger than field limit (131072)"),
        (
            b"id,created\r\na,2020-01-01\nb,2020-01-01\r\n",
            "leads.csv cannot be read: its lines do not all end alike, some in CR LF and others in LF; save it with one kind of line end",
        ),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "leads.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path, ANY + LEADS)
    assert str(caught.value) == f"crm.toml, line 4, [leads] file: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "leads.jsonl holds no JSON objects; each line must be one by itself"),
        (b'[{"id": "a",\n"created": "2020-01-01"}]\n', "leads.jsonl holds no JSON objects; each line must be one"),
        (b'{"id": "a", "created": "2020-01-01"}\n{"Id": "b"}\n', "leads.jsonl has several columns named 'id'"),
        (b'{"id": "a"}\n{"id": "\xff"}\n', "leads.jsonl cannot be read: line 2 has bytes that are no UTF-8; save it"),
    ],
)
def test_a_damaged_file_of_json_lines_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "leads.jsonl").write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path, ANY + LEADS.replace("leads.csv", "leads.jsonl"))
    assert str(caught.value).startswith(f"crm.toml, line 4, [leads] file: {message}")


def test_keys_of_json_lines_may_hold_anything(tmp_path: Path) -> None:
    row = {"id": "a", "created": "2020-01-01", 'a"b\\c\n': 1, "": 2, "é💥": 3}
    (tmp_path / "leads.jsonl").write_text(json.dumps(row) + "\n")
    result = read(tmp_path, ANY + LEADS.replace("leads.csv", "leads.jsonl"))
    assert result.histories.leads["lead_id"].to_pylist() == ["a"]


def test_a_header_that_swallows_the_file_is_named_in_one_line(tmp_path: Path) -> None:
    """A quote that does not end there makes one name of thousands of rows."""
    with pytest.raises(CallError, match=r"leads\.csv has no column 'id'; it has id,created a,2020-01-01 .{,40} …"):
        read(tmp_path, ANY + LEADS, leads='"id,created\n' + "a,2020-01-01\n" * 5000)


def test_an_export_without_leads_and_a_name_too_long_for_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^leads/leads has no rows"):
        read(tmp_path, ANY + LEADS + CALLS, leads="id,created\n", calls="no,lead,at\n1,a,2020-01-01\n")
    with pytest.raises(CallError, match=r"line 4, \[leads\] file: there is no file"):
        read(tmp_path, ANY + LEADS.replace("leads.csv", "l" * 300 + ".csv"))


def test_a_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    """Even where its beginning can be read."""
    rows = "".join(f"{number * 7919},2020-01-01\n" for number in range(50_000))
    packed = gzip.compress(("id,created\n" + rows).encode())
    (tmp_path / "leads.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"^crm\.toml, line 4, \[leads\] file: leads\.csv\.gz cannot be read: IO Error"):
        read(tmp_path, ANY + LEADS.replace("leads.csv", "leads.csv.gz"))


def test_one_row_that_is_no_utf8_costs_that_row_alone(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_bytes(b"id,created\na,2020-01-01\n\xe9,2020-01-01\nb,2020-01-01\n")
    result = read(tmp_path, ANY + LEADS)
    assert result.histories.leads["lead_id"].to_pylist() == ["a", "b"]
    assert [line for _, line, _ in quarantined(result)] == [3]


def test_a_file_that_says_gz_and_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "leads.csv.gz").write_text(TWO_LEADS)
    with pytest.raises(DataError, match=r"^crm\.toml, line 4, \[leads\] file: leads\.csv\.gz cannot be read: "):
        read(tmp_path, ANY + LEADS.replace("leads.csv", "leads.csv.gz"))


def test_no_interaction_and_no_exported_at_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^no interaction can be read, so nothing tells when the export was taken"):
        read(tmp_path, LEADS, leads=TWO_LEADS)


def test_an_export_from_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"^crm\.toml, exported_at: 2040-01-01T00:00:00Z lies after now"):
        read(tmp_path, "exported_at = 2040-01-01\n" + LEADS, leads=TWO_LEADS)


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """As spreadsheets write CSV in Europe."""
    result = read(tmp_path, ANY + LEADS, leads='\ufeff"id";"created"\n"a;1";2020-01-01\n')
    assert result.histories.leads["lead_id"].to_pylist() == ["a;1"]


def test_duplicates_are_removed_exactly_as_the_contract_says(tmp_path: Path) -> None:
    """300 rows of 20 leads and few ids, ties of every sort: DuckDB keeps what contract.without_duplicates keeps."""
    draw = random.Random(7)  # noqa: S311 - a seeded example, no secret
    day = "2020-02-0{}"
    rows = [
        [
            draw.choice("12345"),
            draw.choice("abcdefghijklmnopqrst"),
            day.format(draw.randint(1, 3)),
            draw.choice(["", day.format(draw.randint(1, 3))]),
            draw.choice(["x", "y"]),
            draw.choice(["", "web", "mail"]),
            draw.choice(["", "inbound", "outbound"]),
            draw.choice(["", "0", "1", "-1"]),
        ]
        for _ in range(300)
    ]
    config = (
        ANY
        + LEADS
        + CALLS.replace('"call"', '"{what}"')
        + 'received_at = "got"\nchannel = "{via}"\ndirection = "{by}"\nvalue = "worth"\n'
    )
    result = read(
        tmp_path,
        config,
        leads="id,created\n" + "".join(f"{one},2020-01-01\n" for one in "abcdefghijklmnopqrst"),
        calls="no,lead,at,got,what,via,by,worth\n" + "".join(",".join(row) + "\n" for row in rows),
    )
    written: dict[str, list[Interaction]] = {}
    for no, lead, at, got, what, via, by, worth in rows:
        one = Interaction(
            interaction_id=f"calls:{no}",
            occurred_at=clock.parse(at),
            kind=what,
            received_at=clock.parse(got) if got else None,
            channel=via or None,
            direction=Direction(by) if by else None,
            value=float(worth) if worth else None,
        )
        written.setdefault(lead, []).append(one)
    leads = [LeadHistory(lead, clock.parse("2020-01-01"), interactions=tuple(some)) for lead, some in written.items()]
    assert result.histories.interactions.equals(assemble(leads, exported_at=NOW).interactions)


def test_a_quote_that_swallows_more_than_the_quarantine_can_hold_is_refused(tmp_path: Path) -> None:
    """DuckDB keeps 10,000 characters of a line that it refuses, and goes on far behind: the rest would be lost."""
    rows = "".join(f"{n},a,2020-02-01\n" for n in range(2, 3000))
    with pytest.raises(
        DataError, match=r"calls\.csv cannot be read: [\d,]+ of its lines are part of no row; .* line 2 "
    ):
        read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS, calls='no,lead,at\n1,"a,2020-02-01\n' + rows)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_line_that_is_too_long_for_any_buffer_is_refused(tmp_path: Path, suffix: str) -> None:
    """DuckDB leaves out such a line without a word."""
    text = f"no,lead,at\n1,a,2020-02-01\n2,{'x' * 33_000_000},2020-02-01\n3,a,2020-02-01\n".encode()
    (tmp_path / f"calls.csv{suffix}").write_bytes(gzip.compress(text, 1) if suffix else text)
    with pytest.raises(DataError, match=r"line 3 is longer than any row can be"):
        read(tmp_path, ANY + LEADS + CALLS.replace("calls.csv", f"calls.csv{suffix}"), leads=TWO_LEADS)


def test_a_line_that_is_no_row_says_why(tmp_path: Path) -> None:
    """More columns, fewer, a quote, bytes: each has its own reason."""
    text = b'no,lead,at\n1,a,2020-02-01,x,y\n2,a\n3,"a"b,2020-02-01\n4,\xff,2020-02-01\n'
    (tmp_path / "calls.csv").write_bytes(text)
    result = read(tmp_path, ANY + LEADS + CALLS, leads=TWO_LEADS)
    said = [str(reason).removeprefix("the line cannot be taken apart: ") for _, _, reason in quarantined(result)]
    assert said == [
        "it has more columns than the header",
        "it has fewer columns than the header",
        "a quote does not end, or text follows it",
        "it has bytes that are no UTF-8",
    ]
