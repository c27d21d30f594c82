"""A bundle is read back to the last bit, and anything that is not what was written is refused by name."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_bundle

from features.catalogue import Catalogue
from histories.contract import Target
from histories.errors import DataError
from scoring import bundle as bundles
from scoring.bundle import Bundle
from scoring.calibration import IDENTITY, Beta
from scoring.model import BoosterMember, Model, PointsMember, RidgeMember
from scoring.policy import Policy
from scoring.scorer import Scorer


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    bundles.write(bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


def rehash(folder: Path) -> None:
    """What someone would do who edits a bundle and its manifest with it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(manifest["files"])
    }
    versioned = [[name, one] for name, one in manifest["files"].items() if name not in ("card.md", "created.json")]
    manifest["version"] = hashlib.sha256(json.dumps(versioned).encode()).hexdigest()[:12]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_is_read_scores_as_what_was_written(bundle: Bundle, folder: Path, leads, rulebook):
    found = bundles.read(folder)
    assert found.version == bundle.version
    assert found.catalogue == bundle.catalogue
    assert found.reference.tolist() == bundle.reference.tolist()
    assert (found.policy, found.rulebook) == (bundle.policy, bundle.rulebook)
    assert found.card.figures[Target.CUSTOMER].keys() == {"auc", "log_loss", "brier"}
    assert np.isnan(found.card.figures[Target.CUSTOMER]["brier"])
    assert found.card.figures[Target.CUSTOMER]["auc"] == 0.1 + 0.2
    assert found.card.intervals == {Target.CUSTOMER: {"auc": (0.1, 0.7)}}
    assert replace(found.card, figures={}) == replace(bundle.card, figures={})
    answers = [Scorer(one, rulebook).score(leads[:20], small_bundle.AS_OF) for one in (bundle, found)]
    assert answers[0] == answers[1]


def test_the_folder_holds_text_alone(folder: Path):
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "card.json",
        "card.md",
        "catalogue.json",
        "created.json",
        "customer_0.txt",
        "customer_1.txt",
        "customer_3.json",
        "manifest.json",
        "models.json",
        "policy.json",
        "reference.json",
        "rulebook.toml",
        "sql_0.txt",
        "sql_1.txt",
        "sql_3.json",
    ]
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        if name.endswith(".json"):
            json.loads(text)


def test_the_version_follows_the_content_and_not_the_day(bundle: Bundle):
    later = replace(bundle, card=replace(bundle.card, created_at=1))
    assert later.version == bundle.version
    assert len(bundle.version) == 12
    changed = [
        replace(bundle, policy=Policy(high_probability=0.123)),
        replace(bundle, reference=bundle.reference[1:]),
        replace(bundle, card=replace(bundle.card, trained_until=1)),
        replace(bundle, models={Target.SQL: bundle.models[Target.SQL]}),
        replace(bundle, models={**bundle.models, Target.SQL: replace(bundle.models[Target.SQL], horizon_days=31)}),
    ]
    assert len({one.version for one in (bundle, *changed)}) == 6


def test_writing_the_same_bundle_again_changes_nothing_and_another_is_refused(bundle: Bundle, folder: Path):
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    bundles.write(bundle, folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    other = replace(bundle, policy=Policy(high_probability=0.123))
    with pytest.raises(DataError) as caught:
        bundles.write(other, folder)
    assert (
        str(caught.value) == f"{folder} exists and holds something else; name a new folder for bundle {other.version}"
    )
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_nothing_is_left_where_writing_fails(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        bundles.write(bundle, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_every_file_that_was_changed_by_a_byte_is_named(folder: Path):
    for path in sorted(folder.iterdir()):
        if path.name == "manifest.json":
            continue
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        with pytest.raises(DataError) as caught:
            bundles.read(folder)
        assert str(caught.value).startswith(f"{path} is not the file that was written: its sha256 begins ")
        path.write_bytes(content)
    bundles.read(folder)


def test_a_missing_and_an_unknown_file_are_named(folder: Path):
    (folder / "extra.pkl").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        bundles.read(folder)
    assert str(caught.value) == f"{folder / 'extra.pkl'} is not in the bundle's manifest; remove it"
    (folder / "extra.pkl").unlink()
    (folder / "policy.json").unlink()
    with pytest.raises(DataError) as caught:
        bundles.read(folder)
    assert str(caught.value) == f"{folder / 'policy.json'} is missing; copy the bundle again"


def test_a_folder_that_is_no_bundle_is_named(tmp_path: Path):
    with pytest.raises(DataError) as caught:
        bundles.read(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no bundle: it has no manifest.json; name the folder that training wrote"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "version": "x", "files": {}}', '{"format": 2, "version": 1, "files": 2}']
)
def test_a_damaged_manifest_is_named(folder: Path, text: str):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json is damaged.*copy"):
        bundles.read(folder)


def test_a_format_that_is_no_longer_read_is_refused(folder: Path):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    with pytest.raises(DataError) as caught:
        bundles.read(folder)
    assert str(caught.value) == (
        f"{folder} has format 1, this program reads 2, 3, 4: it was written by another version of lead-scoring; train it "
        "again with this one"
    )


def test_a_manifest_whose_version_was_edited_is_refused(folder: Path):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "version": "0" * 12}))
    with pytest.raises(DataError, match=r"its version does not follow from its files; copy it again$"):
        bundles.read(folder)


@pytest.mark.parametrize(
    "name", ["models.json", "sql_3.json", "policy.json", "reference.json", "card.json", "catalogue.json"]
)
@pytest.mark.parametrize("text", ["{}", "[]", "null", "{", '"text"'])
def test_a_file_without_its_content_is_one_message_even_with_a_fitting_hash(folder: Path, name: str, text: str):
    (folder / name).write_text(text)
    rehash(folder)
    with pytest.raises(DataError, match=f"^{folder}: "):
        bundles.read(folder)


def other_catalogue(catalogue: Catalogue) -> Catalogue:
    return replace(catalogue, kinds=catalogue.kinds[:-1])


def test_a_model_of_other_features_is_refused(bundle: Bundle):
    with pytest.raises(DataError) as caught:
        replace(bundle, catalogue=other_catalogue(bundle.catalogue))
    fewer = len(other_catalogue(bundle.catalogue).names)
    message = f"member 0 of the sql model was trained on {len(bundle.catalogue.names)} features, which are not the "
    assert str(caught.value).startswith(f"{message}catalogue's {fewer}, such as ")


def test_a_bundle_with_another_catalogue_is_refused_even_if_names_agree(bundle: Bundle, folder: Path):
    moved = replace(bundle.catalogue, timezone="America/New_York")
    assert moved.names == bundle.catalogue.names
    (folder / "catalogue.json").write_text(moved.to_json())
    rehash(folder)
    with pytest.raises(DataError, match="the columns mean something else"):
        bundles.read(folder)


def test_parts_that_do_not_belong_together_are_refused(bundle: Bundle):
    with pytest.raises(DataError, match=r"goes by points, but the bundle holds no rulebook to count them$"):
        replace(bundle, rulebook=None)
    with pytest.raises(DataError, match=r"^the model filed under sql predicts customer$"):
        replace(bundle, models={Target.SQL: bundle.models[Target.CUSTOMER]})
    for reference in ([], [0.5, 0.1], [0.1, 1.1], [np.nan]):
        with pytest.raises(DataError, match=r"^the reference is not a sorted list of probabilities"):
            replace(bundle, reference=np.array(reference, dtype=float))
    with pytest.raises(DataError, match=r"does not follow from its source text"):
        replace(bundle, rulebook=replace(bundle.rulebook, name="other"))


def test_points_alone_make_a_bundle_without_boosters(bundle: Bundle, tmp_path: Path):
    models = {target: Model(target, 30, (PointsMember(0.1, -3.0, 0.5),), IDENTITY) for target in Target}
    bundles.write(replace(bundle, models=models), tmp_path / "points")
    found = bundles.read(tmp_path / "points")
    assert {target: model.members for target, model in found.models.items()} == {
        target: (PointsMember(0.1, -3.0, 0.5),) for target in Target
    }


def test_members_weights_and_calibrators_are_read_as_they_were_written(bundle: Bundle, folder: Path):
    found = bundles.read(folder)
    for target, model in bundle.models.items():
        again = found.models[target]
        assert again.calibrator == model.calibrator
        assert again.members[2:] == model.members[2:]
        assert [one.weight for one in again.members] == [1.0, 1.0, 0.5, 2.0]
        for one, other in zip(again.members[:2], model.members[:2], strict=True):
            assert isinstance(one, BoosterMember)
            assert isinstance(other, BoosterMember)
            assert replace(one, text="").__dict__ == replace(other, text="").__dict__
            assert one.text == other.text
    assert isinstance(bundle.models[Target.CUSTOMER].calibrator, Beta)


def test_a_ridge_of_other_columns_is_refused(bundle: Bundle):
    ridge = bundle.models[Target.SQL].members[3]
    assert isinstance(ridge, RidgeMember)
    fewer = replace(ridge, names=("one",), lines={}, steps={}, ranges={}, missing={})
    with pytest.raises(DataError, match=r"^member 0 of the sql model was trained on 1 features, which are not the "):
        replace(bundle, models={Target.SQL: Model(Target.SQL, 30, (fewer,), IDENTITY)})


def test_a_bundle_without_points_needs_no_rulebook(bundle: Bundle, tmp_path: Path):
    member = bundle.models[Target.SQL].members[0]
    assert isinstance(member, BoosterMember)
    plain = replace(bundle, models={Target.SQL: Model(Target.SQL, 30, (member,), IDENTITY)}, rulebook=None)
    bundles.write(plain, tmp_path / "plain")
    assert bundles.read(tmp_path / "plain").rulebook is None
    shutil.rmtree(tmp_path / "plain")


def test_a_bundle_of_the_format_before_keeps_its_version_when_it_is_read(tmp_path: Path):
    older = replace(small_bundle.bundle(), card=replace(small_bundle.bundle().card, intervals={}))
    bundles.write(older, tmp_path / "older")
    assert "intervals" not in (tmp_path / "older" / "card.json").read_text()
    manifest = tmp_path / "older" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": 4', '"format": 2'))
    found = bundles.read(tmp_path / "older")
    assert json.loads(manifest.read_text())["version"] == older.version == found.version


def test_the_card_tells_what_it_was_made_from(folder: Path):
    assert (folder / "card.md").read_text().splitlines() == [
        "# Model card",
        "",
        "Trained on 300 leads (900 snapshots) of simulated leads.",
        "Nothing after 2026-05-01T00:00:00Z was seen.",
        "",
        "## P(customer within 90 days)",
        "",
        "Leads that converted in training: 45.",
        "",
        "| on the test snapshots | value | 95% interval |",
        "|---|---|---|",
        "| auc | 0.3 | 0.1 to 0.7 |",
        "| brier | not defined |  |",
        "| log_loss | 0.3333 |  |",
        "",
        "## P(sql within 30 days)",
        "",
        "Leads that converted in training: 90.",
        "No test figures: no test snapshots.",
        "",
        "## Limits",
        "",
        "- Only for tests.",
    ]
