"""A key that an object has twice is refused wherever it is, and no other JSON ever is."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.wire import duplicates
from serving.wire.errors import RequestError

MESSAGE = "^an object of the body names a key twice; name each key once$"
TEXTS = st.text(max_size=6) | st.sampled_from(["a", "b", '"', "\\", '":', "{", "}", '{"a":1,"a":2}'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=5,
)
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(value=VALUES, ascii_=st.booleans(), indent=st.sampled_from([None, 2]))
def test_json_without_a_repeated_key_is_let_through(value: Any, ascii_: bool, indent: int | None) -> None:
    duplicates.refuse(json.dumps(value, ensure_ascii=ascii_, indent=indent).encode("utf-8", "surrogatepass"))


@quick
@given(value=VALUES, key=TEXTS, before=st.dictionaries(TEXTS, VALUES, max_size=3), ascii_=st.booleans())
def test_a_repeated_key_is_refused_whatever_stands_around_it(
    value: Any, key: str, before: dict[str, Any], ascii_: bool
) -> None:
    name, other = json.dumps(key, ensure_ascii=ascii_), json.dumps(key)
    inner = f"{{{name}: {json.dumps(value)}, {other} : 1}}"
    around = json.dumps({**before, "around": [value, "here"]}).replace('"here"', inner)
    with pytest.raises(RequestError, match=MESSAGE):
        duplicates.refuse(around.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"leads":[{"lead_id":"1"}],"leads":[]}',
        b'{"leads":[{"lead_id":"1","lead_id":"2"}]}',
        b'{"a":{"b":1},"c":2,"a":3}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":"x\\"","a":2}',
        b'{"a":"\\\\","a":2}',
        b'{"":1,"":2}',
        b"[" * 90 + b'{"a":1,"a":2}' + b"]" * 90,
        b'{"x":' * 90 + b'{"a":1,"a":2}' + b"}" * 90,
        b"{" + b",".join(b'"%d":0' % number for number in range(300)) + b',"7":1}',
        b'{"n":' + b"9" * 5000 + b',"n":NaN}',
    ],
)
def test_it_is_found_in_every_place(body: bytes) -> None:
    with pytest.raises(RequestError, match=MESSAGE):
        duplicates.refuse(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":{"a":{"a":1}},"b":{"a":1}}',
        b'[{"a":1},{"a":1}]',
        b'{"a":"a","b":"a\\":"}',
        b'["a",":","a",":"]',
        b"{" + b",".join(b'"%d":0' % number for number in range(300)) + b"}",
    ],
)
def test_the_same_key_in_another_object_is_none_of_it(body: bytes) -> None:
    duplicates.refuse(body)


@quick
@given(body=st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,\\a '), max_size=60).map(str.encode))
def test_what_is_no_json_is_left_to_the_parser(body: bytes) -> None:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        with contextlib.suppress(RequestError):  # it may come upon a key that is there twice before the fault
            duplicates.refuse(body)


def test_a_body_of_nothing_but_open_brackets_is_left_to_the_parser() -> None:
    duplicates.refuse(b"[" * 1_000_000)
    duplicates.refuse(b'{"a":' * 200_000)
