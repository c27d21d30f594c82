"""Where a draft is written: over an older draft, and over nothing else."""

from pathlib import Path

import pytest

from histories.contract import Target
from histories.errors import CallError
from scoring import rulebook
from training import draft_file
from training.suggest import HEAD, Suggestion

BOOK = rulebook.parse('name = "r"\n[[engagement]]\nrule = "Opened"\nkinds = ["open"]\npoints = 5\n', "r.toml")


def suggestion(leads: int) -> Suggestion:
    return Suggestion(BOOK, Target.CUSTOMER, 3, (f"{HEAD}{leads} leads",), {}, 0, 0, 1)


def test_a_new_file_is_written_and_an_older_draft_written_over(tmp_path: Path) -> None:
    path = tmp_path / "draft.toml"
    for leads in (7, 8):
        draft_file.write(path, suggestion(leads))
        assert path.read_text().startswith(f"# Suggested by closed deals: {leads} leads\n")
        assert rulebook.read(path) == BOOK


@pytest.mark.parametrize(
    "content", [b'name = "mine"\n', b"", b"\xff\xfe\x00", b"# Suggested by hand\n", b"# Suggested"]
)
def test_any_other_file_is_refused_and_stays(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_bytes(content)
    for refused in (lambda: draft_file.check(path), lambda: draft_file.write(path, suggestion(7))):
        with pytest.raises(CallError) as raised:
            refused()
        assert str(raised.value) == f"--draft: {path} exists and is no draft; name a new file"
    assert path.read_bytes() == content


def test_no_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "draft.toml"
    with pytest.raises(CallError) as raised:
        draft_file.check(path)
    assert str(raised.value) == f"--draft: {path.parent} is no folder; make it, or name a file in another"
    assert not path.parent.exists()
    path.mkdir(parents=True)
    with pytest.raises(CallError, match=r"^--draft: .*draft.toml is a folder; name a file in it$"):
        draft_file.check(path)
