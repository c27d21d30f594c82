"""What comes back for whatever users type: each answer that docs/serving.md promises, asked for."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving.predictor import Predictor
from serving.wire.errors import RequestError

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
AS_OF = '"as_of": "2026-05-01T00:00:00Z"'
OWN = '"lead_id": "L1", "created_at": "2026-01-01T00:00:00Z"'
HAPPENED = '"occurred_at": "2026-02-01T00:00:00Z", "kind": "reply"'


@dataclass(frozen=True)
class Odd:
    """What is sent, in words and as the texts of leads; what `/v1/predict` and `/v1/predict_one` make of each of them."""

    words: str
    row: str
    one: str
    leads: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """A body that is refused as a whole, by each endpoint that takes one like it."""

    words: str
    code: str
    batches: tuple[bytes, ...] = ()
    ones: tuple[bytes, ...] = ()


def lead(more: str = "", own: str = OWN) -> str:
    return "{" + ", ".join(filter(None, (own, more))) + "}"


def touches(*entries: str) -> str:
    return lead(f'"interactions": [{", ".join("{" + one + "}" for one in entries)}]')


def attributes(text: str) -> str:
    return lead(f'"attributes": {{{text}}}')


INVALID = ("failed, `invalid_lead`", "400 `invalid_request`")
UNREAD = ("failed, `invalid_lead`", "400 `invalid_lead`")
SCORED = ("scored", "200")
WARNED = ("scored, with a warning", "200, with a warning")
BIG = "9" * 400
NUMBERED = [f'"interaction_id": "{number}", {HAPPENED}' for number in range(10_001)]
ODDITIES = [
    Odd("`NaN`, `Infinity`, `-Infinity` or `1e999` as a number", *INVALID, (*(touches(f'{HAPPENED}, "value": {one}') for one in ("NaN", "Infinity", "-Infinity", "1e999")), *(attributes(f'"employees": {one}') for one in ("NaN", "1e999")))),
    Odd("a number beyond 1.8e308, written out", *INVALID, (touches(f'{HAPPENED}, "value": {BIG}'), attributes(f'"employees": {BIG}'))),
    Odd("a number of up to 1.8e308", *WARNED, (*(touches(f'"occurred_at": "2026-04-30T00:00:00Z", "kind": "{kind}", "value": 1.797e308') for kind in ("email_sent", "session:pricing_page")), attributes('"employees": -1.797e308'))),
    Odd("a number in quotes where `value`, `amount` or `reasons` is meant", *INVALID, (touches(f'{HAPPENED}, "value": "12"'), lead('"outcomes": [{"stage": "sql", "reached_at": "2026-02-01T00:00:00Z", "amount": "9"}]'))),
    Odd("a number in quotes, or a truth value, for an attribute that training knew as a number", *UNREAD, (attributes('"employees": "240"'), attributes('"employees": true'))),
    Odd("a time without an offset, a date alone, or seconds since 1970", *INVALID, tuple(touches(f'"kind": "reply", "occurred_at": {one}') for one in ('"2026-02-01T00:00:00"', '"2026-02-01"', "1770000000"))),
    Odd("a time before 1970, or on 9999-12-31", *INVALID, tuple(touches(f'"kind": "reply", "occurred_at": "{one}"') for one in ("1969-12-31T23:59:59Z", "9999-12-31T00:00:00Z"))),
    Odd("an interaction in the year 9999, or at any time from `as_of` on", *WARNED, tuple(touches(f'"kind": "reply", "occurred_at": "{one}"') for one in ("9999-12-30T23:59:59Z", "2026-05-01T00:00:00Z"))),
    Odd("a lead that is created after `as_of`", "failed, `created_after_as_of`", "400 `created_after_as_of`", (lead(own='"lead_id": "L1", "created_at": "9999-01-01T00:00:00Z"'),)),
    Odd("10,000 interactions", *WARNED, (touches(*NUMBERED[:10_000]),)),
    Odd("10,001 interactions", *UNREAD, (touches(*NUMBERED),)),
    Odd("more than 100 keys in an object, or 1,000 attributes, or 1,000 values of them", *UNREAD, (lead(", ".join(f'"k{n}": 1' for n in range(101))), touches(", ".join(f'"k{n}": 1' for n in range(101))), attributes(", ".join(f'"k{n}": 1' for n in range(1_001))), attributes(f'"k": [{", ".join("1" * 1_001)}]'))),
    Odd("emoji, or any other letter of Unicode, in ids, kinds, attributes", *WARNED, (lead('"attributes": {"industry": "🏭", "Größe": 1}, "interactions": [{"interaction_id": "✉️", "occurred_at": "2026-02-01T00:00:00Z", "kind": "👋"}]', '"lead_id": "😀", "created_at": "2026-01-01T00:00:00Z"'),)),
    Odd("a null character (`\\u0000`) in a text", *INVALID, (touches('"occurred_at": "2026-02-01T00:00:00Z", "kind": "a\\u0000b"'), attributes('"industry": "\\u0000"'), lead(own='"lead_id": "\\u0000", "created_at": "2026-01-01T00:00:00Z"'))),
    Odd("an unknown key in a lead or an interaction", *INVALID, (lead('"interactons": []'), touches(f'{HAPPENED}, "vlaue": 1'))),
    Odd("an attribute or a kind that training never saw", *WARNED, (attributes('"shoe_size": 43'), touches('"occurred_at": "2026-02-01T00:00:00Z", "kind": "smoke_signal"'))),
    Odd("a name, an e-mail address or a phone number among the attributes", "failed, `personal_data`", "400 `personal_data`", (attributes('"first_name": "Jane"'), attributes('"source": "jane@example.org"'), attributes('"source": "+31612345678"'))),
    Odd("an attribute that is an object of other keys, or a list of lists", *INVALID, (attributes('"industry": {"label": "software"}'), attributes('"industry": [["software"]]'))),
    Odd("`null` for an attribute, or for a field that may be absent", *WARNED, (attributes('"industry": null'), *(lead(f'"{one}": null') for one in ("account_id", "attributes", "interactions", "outcomes", "account_interactions")))),
    Odd("`null` for a field that must be there", *INVALID, (lead(own='"lead_id": null, "created_at": "2026-01-01T00:00:00Z"'), touches('"kind": "reply", "occurred_at": null'))),
    Odd("a lead without `lead_id` or `created_at`, or with a number for its id", *INVALID, ("{}", lead(own='"created_at": "2026-01-01T00:00:00Z"'), lead(own='"lead_id": 7, "created_at": "2026-01-01T00:00:00Z"'))),
    Odd("the same interaction twice, or two without an id and with the same content", *WARNED, (touches(f'"interaction_id": "x", {HAPPENED}', f'"interaction_id": "x", {HAPPENED}'), touches(HAPPENED, HAPPENED))),
]  # fmt: skip
WHOLES = [
    Whole("a body that is empty, no JSON, or not in UTF-8, or begins with a byte order mark", "invalid_json", *((b"", b"{", b"'x'", b"\xff", b"\xef\xbb\xbf{}"),) * 2),
    Whole("half a surrogate pair (`\\ud800`) anywhere", "invalid_json", (b'{"leads": [{"lead_id": "\\ud800"}]}',), (b'{"lead_id": "\\ud800"}',)),
    Whole("more than 200 levels of brackets, or a number of more than 4,300 digits", "invalid_json", *((b"[" * 300, b'{"a":' * 300, b"[" + b"9" * 5_000 + b"]"),) * 2),
    Whole("an object that names a key twice, at any depth", "invalid_json", (b'{"leads": [{"lead_id": "a", "lead_id": "b"}]}',), (b'{"lead_id": "a", "lead_id": "a"}',)),
    Whole("JSON that is no object", "invalid_request", *((b"[]", b"null", b"7", b'"x"'),) * 2),
    Whole("an unknown key at the top of `/v1/predict`", "invalid_request", (b'{"leads": [{}], "lead": 1}',)),
    Whole("no leads, or 201", "invalid_request", (b'{"leads": []}', b'{"leads": [' + b",".join([b"{}"] * 201) + b"]}")),
    Whole("`as_of` after 2199, or without an offset", "invalid_request", tuple(b'{"leads": [{}], "as_of": "%b"}' % one for one in (b"9999-01-01T00:00:00Z", b"2026-02-01T00:00:00")), tuple(f'{{{OWN}, "as_of": "{one}"}}'.encode() for one in ("9999-01-01T00:00:00Z", "2026-02-01"))),
    Whole("`reasons` below 0, above 10, in quotes or with a fraction", "invalid_request", tuple(b'{"leads": [{}], "reasons": %b}' % one for one in (b"-1", b"11", b'"3"', b"2.5")), tuple(f'{{{OWN}, "reasons": {one}}}'.encode() for one in ("-1", "11", '"3"', "2.5"))),
]  # fmt: skip


def refused(predictor: Predictor, body: bytes, *, batch: bool) -> str:
    with pytest.raises(RequestError) as caught:
        (predictor.predict if batch else predictor.predict_one)(body, "r1", 0)
    assert caught.value.problem.status == 400
    return caught.value.code or caught.value.problem.code


def of_row(predictor: Predictor, text: str) -> str:
    reply = predictor.predict(f'{{{AS_OF}, "leads": [{text}]}}'.encode(), "r1", 0)
    (row,) = json.loads(reply.body)["leads"]
    if row["status"] == "failed":
        return f"failed, `{row['error_code']}`"
    return "scored, with a warning" if row["warnings"] else "scored"


def of_one(predictor: Predictor, text: str) -> str:
    body = f"{{{AS_OF}, {text[1:]}".replace(", }", "}").encode()
    try:
        answer = json.loads(predictor.predict_one(body, "r1", 0).body)
    except RequestError as error:
        return f"{error.problem.status} `{error.code or error.problem.code}`"
    return "200, with a warning" if answer["warnings"] else "200"


@pytest.mark.parametrize("odd", ODDITIES, ids=lambda one: one.words[:40])
def test_an_odd_lead_is_scored_or_fails_alone_as_the_page_says(predictor: Predictor, odd: Odd) -> None:
    for text in odd.leads:
        assert of_row(predictor, text) == odd.row, text[:200]
        assert of_one(predictor, text) == odd.one, text[:200]


@pytest.mark.parametrize("whole", WHOLES, ids=lambda one: one.words[:40])
def test_a_body_that_is_wrong_as_a_whole_is_refused_as_the_page_says(predictor: Predictor, whole: Whole) -> None:
    assert {refused(predictor, body, batch=True) for body in whole.batches} == {whole.code}
    assert {refused(predictor, body, batch=False) for body in whole.ones} <= {whole.code}


def test_leads_of_one_id_are_answered_each_in_its_own_row(predictor: Predictor) -> None:
    texts = lead(), touches('"occurred_at": "2026-04-01T00:00:00Z", "kind": "demo_request"'), "7"
    reply = predictor.predict(f'{{{AS_OF}, "leads": [{", ".join(texts)}]}}'.encode(), "r1", 0)
    rows = json.loads(reply.body)["leads"]
    assert [(one["lead_id"], one["status"]) for one in rows] == [("L1", "scored"), ("L1", "scored"), (None, "failed")]
    assert rows[0]["rule_points"] < rows[1]["rule_points"]


def test_the_page_has_every_row_of_both_tables_and_no_other() -> None:
    section = PAGE.read_text("utf-8").split("### Whatever users type\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert rows == [
        "| a lead, or something in it | its row of `/v1/predict` | `/v1/predict_one`, `/v1/explain` |",
        *(f"| {one.words} | {one.row} | {one.one} |" for one in ODDITIES),
        "| a body | the answer |",
        *(f"| {one.words} | 400 `{one.code}` |" for one in WHOLES),
    ]
