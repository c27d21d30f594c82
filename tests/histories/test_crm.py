"""crm.toml: what it means, and that each mistake is named with its line, what is allowed and the nearest known."""

import re
from pathlib import Path

import pytest

from histories import clock, crm
from histories.contract import AttributeType
from histories.errors import CallError

LEADS = '[leads]\nfile = "leads.csv"\nlead_id = "id"\ncreated_at = "created"\n'
CALLS = '[[interactions]]\nfile = "calls.csv"\nlead_id = "lead"\noccurred_at = "at"\nkind = "call"\n'
DEALS = '[[outcomes]]\nfile = "deals.csv"\nlead_id = "lead"\nstage = "customer"\nreached_at = "won"\n'
DATED = '[[attributes]]\nfile = "x.csv"\nlead_id = "lead"\nname = "staff"\nvalue = "v"\nknown_at = "at"\n'


def read(folder: Path, text: str) -> crm.CrmConfig:
    (folder / "crm.toml").write_text(text)
    return crm.read(folder / "crm.toml")


def test_the_least_that_is_allowed(tmp_path: Path) -> None:
    config = read(tmp_path, LEADS)
    assert (config.timezone, config.exported_at, config.max_bad_share) == ("UTC", None, 0.1)
    assert config.leads.source.file == tmp_path / "leads.csv"
    assert (config.interactions, config.attributes, config.outcomes) == ((), (), ())


def test_a_time_without_offset_is_read_in_the_zone(tmp_path: Path) -> None:
    config = read(tmp_path, 'timezone = "Europe/Amsterdam"\nexported_at = 2012-03-15\n' + LEADS)
    assert config.exported_at == clock.parse("2012-03-14T23:00:00Z")


def test_blocks_are_named_by_their_file_and_their_number(tmp_path: Path) -> None:
    named = CALLS.replace("[[interactions]]", '[[interactions]]\nname = "crm"')
    query = CALLS.replace('file = "calls.csv"', 'query = "select 1"')
    packed = CALLS.replace("calls.csv", "old/visits.2020.csv.gz")
    config = read(tmp_path, LEADS + CALLS + CALLS + named + query + packed)
    names = [one.source.name for one in config.interactions]
    assert names == ["calls", "calls#2", "crm", "query", "visits.2020"]


def test_a_dated_attribute_has_the_type_that_the_leads_give_it(tmp_path: Path) -> None:
    config = read(tmp_path, LEADS + '[leads.attributes]\nstaff = "number"\n' + DATED)
    assert config.attributes[0].type is AttributeType.NUMBER


def test_the_environment_tells_where_the_data_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set: its value. Unset: the default. In a query too."""
    text = LEADS.replace("leads.csv", "${LEAD_DATA:-near}/leads.csv")
    monkeypatch.delenv("LEAD_DATA", raising=False)
    assert read(tmp_path, text).leads.source.file == tmp_path / "near" / "leads.csv"
    monkeypatch.setenv("LEAD_DATA", "/far")
    assert read(tmp_path, text).leads.source.file == Path("/far/leads.csv")
    query = CALLS.replace('file = "calls.csv"', "query = \"from '${LEAD_DATA}/x.csv'\"")
    assert read(tmp_path, LEADS + query).interactions[0].source.query == "from '/far/x.csv'"


MISTAKES = [
    ('timezon = "UTC"\n' + LEADS, "crm.toml, line 1, timezon: is not a known key; allowed are attributes, exported_at, families, interactions, leads, max_bad_share, outcomes, timezone; did you mean 'timezone'?"),
    ('timezone = "Amsterdam"\n' + LEADS, "crm.toml, line 1, timezone: 'Amsterdam' is not a time zone; write an IANA name such as 'Europe/Amsterdam' or 'UTC'; did you mean 'Europe/Amsterdam'?"),
    ('exported_at = "2012-01-01"\n' + LEADS, "crm.toml, line 1, exported_at: '2012-01-01' is not a time; write one without quotes, like 2026-01-31 or 2026-01-31T09:30:00Z"),
    ("max_bad_share = 2\n" + LEADS, "crm.toml, line 1, max_bad_share: 2 is out of bounds; it must be at least 0 and at most 1"),
    ("", "crm.toml, leads: is missing; write a table [leads] with file, lead_id and created_at"),
    ("leads = 3", "crm.toml, line 1, leads: 3 is not a table; write [leads]"),
    (LEADS.replace('lead_id = "id"\n', ""), "crm.toml, line 1, [leads] lead_id: is missing; write the name of the export's column"),
    (LEADS + "creatd_at = 1\n", "crm.toml, line 5, [leads] creatd_at: is not a known key; allowed are account_id, attributes, created_at, file, lead_id, query, where; did you mean 'created_at'?"),
    (LEADS + 'query = "select 1"\n', 'crm.toml, line 2, [leads] file: is missing or one too many; write file = "..." or query = "...", one of the two'),
    (LEADS + '[leads.attributes]\nstaff = "numbr"\n', "crm.toml, line 6, [leads attributes] staff: 'numbr' is not known; allowed are category, number; did you mean 'number'?"),
    (LEADS + '[leads.attributes]\nstaff = { column = "x" }\n', 'crm.toml, line 6, [leads attributes staff] type: is missing; write type = "category" or type = "number"'),
    (LEADS + "[interactions]\n", "crm.toml, line 5, interactions: must be written as [[interactions]], once for each"),
    (LEADS + CALLS + 'direction = "inbund"\n', "crm.toml, line 10, [interactions #1] direction: 'inbund' is not known; allowed are inbound, outbound, or a column in braces, such as {inbund}; did you mean 'inbound'?"),
    (LEADS + CALLS.replace('"call"', '"{call"'), "crm.toml, line 9, [interactions #1] kind: '{call' has a brace without its partner; write a column as {column}"),
    (LEADS + CALLS + CALLS.replace("kind", "knd"), "crm.toml, line 10, [interactions #2] kind: is missing; write a text, with the export's columns in braces (is 'knd' meant for it?)"),
    (LEADS + DATED, "crm.toml, line 5, [attributes #1] type: is missing; attribute 'staff' is new here: write type = \"category\" or type = \"number\""),
    (LEADS + '[leads.attributes]\nstaff = "number"\n' + DATED + 'type = "category"\n', "crm.toml, line 13, [attributes #1] type: 'category' contradicts what 'staff' is elsewhere in this file, a number"),
    (LEADS + DEALS.replace('"customer"', '"customr"'), "crm.toml, line 8, [outcomes #1] stage: 'customr' is not known; allowed are lead, mql, sql, opportunity, customer, lost, or a column in braces, such as {customr}; did you mean 'customer'?"),
    (LEADS + DEALS.replace('"customer"', '"{s}"') + 'map = { Won = "won" }\n', "crm.toml, line 10, [outcomes #1 map] Won: 'won' is not a stage; allowed are lead, mql, sql, opportunity, customer, lost, and \"\" for what is no arrival at a stage"),
    (LEADS + DEALS + 'map = { Won = "lost" }\n', 'crm.toml, line 10, [outcomes #1] map: maps nothing, since stage is the same for every row; write stage = "{column}"'),
    (LEADS + '[families]\nTwo-Way = ["a"]\n', "crm.toml, line 6, [families] Two-Way: family 'Two-Way': a name is lower-case letters, digits and _"),
    (LEADS + '[families]\nintent = "a"\n', "crm.toml, line 6, [families] intent: 'a' is not a list of texts; write one like [\"a\", \"b\"]"),
    (LEADS.replace("leads.csv", "${NO_SUCH_PLACE}/leads.csv"), "crm.toml, line 2, [leads] file: the environment variable NO_SUCH_PLACE is not set; set it, or write ${NO_SUCH_PLACE:-a default} in its place"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_one_line_that_says_what_to_do(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CallError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"crm\.toml: cannot be read \(No such file or directory\); name an existing"):
        crm.read(tmp_path / "crm.toml")


@pytest.mark.parametrize(
    "text",
    [
        "nope = 1\n" + LEADS,
        LEADS + "nope = 1",
        LEADS + CALLS + "nope = 1",
        LEADS + DATED + 'type = "number"\nnope = 1',
        LEADS + DEALS + "nope = 1",
    ],
)
def test_every_key_that_is_allowed_is_documented(tmp_path: Path, text: str) -> None:
    """What the error lists as allowed stands in docs/crm.md, in code type."""
    with pytest.raises(CallError) as caught:
        read(tmp_path, text)
    allowed = str(caught.value).split("allowed are ")[1].split(";")[0].split(", ")
    documented = (Path(__file__).parents[2] / "docs" / "crm.md").read_text()
    assert len(allowed) > 4
    assert [key for key in allowed if not re.search(rf"`[^`]*\b{key}\b[^`]*`", documented)] == []
