"""The file of keys: a secret is shown once and kept nowhere, nothing is lost, and damage is named."""

import json
import multiprocessing
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import clock
from histories.errors import CallError, DataError
from serving.http import keys
from serving.http.permission import Permission

NOW = clock.parse("2026-03-01")
PREDICT = (Permission.PREDICT,)


def test_a_key_reads_back_with_all_that_was_said_of_it_and_its_secret_is_nowhere_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    made = keys.add(path, " HubSpot ", [Permission.EXPLAIN, Permission.PREDICT], NOW, NOW + clock.DAY)
    assert re.fullmatch(r"ls_[0-9a-f]{12}_[0-9a-f]{64}", made.text)
    assert keys.read(path) == (made.key,)
    assert (made.key.label, made.key.created_at, made.key.expires_at) == ("HubSpot", NOW, NOW + clock.DAY)
    secret = made.text.split("_")[2]
    assert secret not in path.read_text(encoding="utf-8")
    assert secret not in repr(made)
    assert made.text.split("_")[1] == made.key.id


def test_the_file_is_its_owners_alone_and_no_unfinished_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"keys": []}', encoding="utf-8")
    path.chmod(0o644)
    keys.add(path, "a", PREDICT, NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {one.name for one in tmp_path.iterdir()} == {"keys.json", ".keys.json.lock"}


def test_no_two_keys_are_alike(tmp_path: Path) -> None:
    made = [keys.add(tmp_path / "keys.json", "same", PREDICT, NOW) for _ in range(20)]
    assert len({one.text for one in made}) == len({one.key.id for one in made}) == 20


def test_a_key_is_its_own_and_no_other_text_is(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, other = (keys.add(path, label, PREDICT, NOW) for label in "ab")
    known = {each.id: each for each in keys.read(path)}
    assert keys.claimed(known, one.text) == one.key
    mixed = f"ls_{one.key.id}_{other.text.split('_')[2]}"
    assert keys.claimed(known, mixed) is None
    unknown = f"ls_{'0' * 12}_{one.text.split('_')[2]}"
    for text in (unknown, one.text[:-1], one.text + "\n", one.text.upper(), "", "ls__", "ß" * 100, "\udcff"):
        assert keys.claimed(known, text) is None


@given(text=st.text(max_size=200))
def test_no_text_is_a_key_by_chance(text: str) -> None:
    key = keys.Key("0" * 12, "a", frozenset(PREDICT), "0" * 64, NOW)
    assert keys.claimed({key.id: key}, text) is None


@pytest.mark.parametrize(
    ("revoked", "expires", "said"),
    [
        (None, None, None),
        (None, NOW + 1, None),
        (None, NOW, "expired at 2026-03-01T00:00:00Z"),
        (NOW - clock.DAY, NOW - clock.HOUR, "was revoked at 2026-02-28T00:00:00Z"),
    ],
)
def test_a_key_is_good_until_it_expires_or_is_revoked(
    revoked: int | None, expires: int | None, said: str | None
) -> None:
    assert keys.Key("0" * 12, "a", frozenset(PREDICT), "0" * 64, 0, expires, revoked).ended(NOW) == said


def test_a_revoked_key_stays_in_the_file_with_the_moment_it_first_ended(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, other = (keys.add(path, label, PREDICT, NOW) for label in "ab")
    assert keys.revoke(path, one.key.id, NOW + 1).revoked_at == NOW + 1
    assert keys.revoke(path, one.text, NOW + 2).revoked_at == NOW + 1
    assert [each.revoked_at for each in keys.read(path)] == [NOW + 1, None]
    assert keys.read(path)[1] == other.key


def _add_several(path: Path, number: int) -> None:
    for each in range(5):
        keys.add(path, f"{number}.{each}", PREDICT, NOW)


def test_keys_that_several_processes_make_at_once_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first = keys.add(path, "first", PREDICT, NOW)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_add_several, args=(path, number)) for number in range(4)]
    for one in processes:
        one.start()
    keys.revoke(path, first.key.id, NOW)
    for one in processes:
        one.join()
        assert one.exitcode == 0
    labels = sorted(one.label for one in keys.read(path))
    assert labels == sorted(["first", *(f"{number}.{each}" for number in range(4) for each in range(5))])
    assert keys.read(path)[0].revoked_at == NOW


GOOD = {
    "id": "0123456789ab",
    "label": "a",
    "permissions": ["predict"],
    "sha256": "0" * 64,
    "created_at": "2026-03-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "Invalid JSON: EOF while parsing a value at line 1 column 0"),
        ("[]", "Input should be an object"),
        ("{}", "keys: Field required"),
        (json.dumps({"keys": [GOOD, GOOD]}), "an id is there twice"),
        (f'{{"keys": [{json.dumps(GOOD)}], "keys": []}}', "an object names a key twice"),
        (f'{{"keys": [{json.dumps(GOOD)[:-1]}, "revoked_at": null, "revoked_at": null}}]}}', "an object names a key twice"),
        (json.dumps({"keys": [GOOD | {"permissions": []}]}), "keys.0.permissions: List should have at least 1 item after validation, not 0"),
        (json.dumps({"keys": [GOOD | {"permissions": ["root"]}]}), "keys.0.permissions.0: Input should be 'predict', 'explain', 'ingest' or 'admin'"),
        (json.dumps({"keys": [GOOD | {"sha256": "secret"}]}), "keys.0.sha256: String should match pattern '^[0-9a-f]{64}$'"),
        (json.dumps({"keys": [GOOD | {"expires": None}]}), "keys.0.expires: Extra inputs are not permitted"),
        (json.dumps({"keys": [GOOD | {"expires_at": "soon"}]}), "'soon' is not a time; write one like 2026-01-31 or 2026-01-31T09:30:00Z"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_the_place_and_is_never_written_over(
    tmp_path: Path, content: str, why: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content, encoding="utf-8")
    message = f"^{re.escape(f'{path}: is no file of keys ({why}); put its last good copy back')}$"
    for act in (
        lambda: keys.read(path),
        lambda: keys.add(path, "a", PREDICT, NOW),
        lambda: keys.revoke(path, GOOD["id"], NOW),
    ):
        with pytest.raises(DataError, match=message):
            act()
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("label", "permissions", "expires_at", "message"),
    [
        ("", PREDICT, None, "label '': write 1 to 100 characters that name the caller"),
        ("a\x1b[2J", PREDICT, None, r"label 'a\x1b[2J': write 1 to 100 characters that name the caller"),
        ("a", (), None, "a key without a permission is good for nothing; give it one of predict, explain, ingest, admin"),
        ("a", PREDICT, NOW, "the key would have expired at 2026-03-01T00:00:00Z; name a moment to come, or a span as 90d"),
    ],
)  # fmt: skip
def test_a_key_that_could_not_be_used_is_not_made(
    tmp_path: Path, label: str, permissions: tuple[Permission, ...], expires_at: int | None, message: str
) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
        keys.add(tmp_path / "keys.json", label, permissions, NOW, expires_at)
    assert list(tmp_path.iterdir()) == []


def test_revoking_what_is_not_there_names_what_is_and_never_repeats_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(CallError, match=r"keys\.json: does not exist; `lead-scoring keys add` makes it"):
        keys.revoke(path, "a", NOW)
    made = keys.add(path, "a", PREDICT, NOW)
    wrong = f"{made.key.id[:-1]}{'0' if made.key.id[-1] != '0' else '1'}"
    message = f"key {wrong!r} is not in {path}; there are {made.key.id}; did you mean {made.key.id!r}?"
    for text in (wrong, f"ls_{wrong}_{'f' * 64}"):
        with pytest.raises(CallError, match=f"^{re.escape(message)}$"):
            keys.revoke(path, text, NOW)


def test_a_link_to_the_file_stays_one_and_what_it_leads_to_is_what_changes(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "keys.json", tmp_path / "link.json"
    link.symlink_to(file)
    made = keys.add(link, "a", [Permission.PREDICT], NOW)
    assert keys.revoke(link, made.key.id, NOW + 1).revoked_at == NOW + 1
    assert link.is_symlink()
    assert [one.revoked_at for one in keys.read(file)] == [NOW + 1]
