"""`lead-scoring keys`: the secret alone on stdout, once; a list without it; and a key that is gone at once."""

import contextlib
import re
from pathlib import Path

import pytest
from command_here import fails

import lead_scoring


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEAD_SCORING_KEYS", raising=False)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    monkeypatch.setattr("sys.argv", ["lead-scoring", "keys", *words])
    with contextlib.suppress(SystemExit):
        lead_scoring.main()
    found = capsys.readouterr()
    return found.out, found.err


def test_a_key_is_made_shown_once_listed_without_its_secret_and_revoked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(monkeypatch, capsys, "add", "HubSpot [EU]", "-p", "predict", "-p", "explain", "--expires", "90d")
    found = re.fullmatch(r"ls_([0-9a-f]{12})_([0-9a-f]{64})\n", out)
    assert found
    assert err.startswith(f"Key {found[1]} for HubSpot [EU] may explain, predict until 20")
    assert found[2] not in err
    listed = run(monkeypatch, capsys, "list")[0]
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(
        rf"id +label +permissions +made +expires +revoked\n{found[1]}  HubSpot \[EU\]  explain,predict  {moment}  {moment}  -\n",
        listed,
    )
    out = run(monkeypatch, capsys, "revoke", found[1])[0]
    assert re.fullmatch(rf"Key {found[1]} \(HubSpot \[EU\]\) is revoked since {moment}\.\n", out)
    listed = run(monkeypatch, capsys, "list")[0]
    assert re.search(rf"{moment}  {moment}  {moment}\n$", listed)
    assert found[2] not in listed
    assert (Path(".lead-scoring") / "keys.json").exists()


def test_the_file_may_be_named_by_option_or_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, capsys, "add", "a", "--keys", "one.json")
    monkeypatch.setenv("LEAD_SCORING_KEYS", "one.json")
    assert "  a  " in run(monkeypatch, capsys, "list")[0]
    assert run(monkeypatch, capsys, "list", "--keys", "two.json")[0] == (
        "There is no key in two.json; `lead-scoring keys add` makes one.\n"
    )


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("add", " "), 2, "label ' ': write 1 to 100 characters that name the caller"),
        (("add", "a", "--expires", "soon"), 2, "--expires: 'soon' is neither a span, such as 90d, nor a moment, such as 2027-01-31"),
        (("add", "a", "--expires", "2020-01-01"), 2, "the key would have expired at 2020-01-01T00:00:00Z; name a moment to come, or a span as 90d"),
        (("revoke", "a"), 2, ".lead-scoring/keys.json: does not exist; `lead-scoring keys add` makes it with the first key"),
        (("list", "--keys", "bad.json"), 1, "bad.json: is no file of keys (Invalid JSON: EOF while parsing an object at line 1 column 1); put its last good copy back"),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    Path("bad.json").write_text("{", encoding="utf-8")
    ended = fails(monkeypatch, capsys, "keys", *words)
    assert (ended.status, ended.out, ended.err) == (status, "", f"error: {message}\n")
