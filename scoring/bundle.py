"""The bundle: the folder that holds everything needed to score. Text and JSON alone, nothing is ever unpickled."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from features.catalogue import Catalogue
from histories.contract import Target
from histories.errors import DataError
from scoring import bundle_files
from scoring import rulebook as rulebooks
from scoring.bundle_files import MANIFEST, RULEBOOK, UNVERSIONED
from scoring.calibration import Floats
from scoring.card import Card
from scoring.chain import Chain, sql_column
from scoring.member_files import dump
from scoring.model import Model, PointsMember
from scoring.policy import Policy
from scoring.rulebook import Rulebook

__all__ = ["Bundle", "Card", "Policy", "read", "write"]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A champion or challenger.

    `reference`: customer probabilities of a recent board, sorted, at least one. `rulebook`: the one that a model
    has learnt points from; None where no member is points. `models` may lack a target that had too few conversions.
    Raises DataError where a model's features are not the catalogue's.
    """

    catalogue: Catalogue
    models: Mapping[Target, Model | Chain]
    reference: Floats
    policy: Policy
    card: Card
    rulebook: Rulebook | None = None

    def __post_init__(self) -> None:
        """Refuse parts that do not belong together."""
        for target, model in self.models.items():
            _check_model(target, model, self.catalogue)
        if any(model.uses_points for model in self.models.values()) and self.rulebook is None:
            raise DataError("a model of this bundle goes by points, but the bundle holds no rulebook to count them")
        if self.rulebook is not None and rulebooks.parse(self.rulebook.source, RULEBOOK) != self.rulebook:
            raise DataError("the bundle's rulebook does not follow from its source text; parse it from a file")
        reference = self.reference
        if reference.dtype != np.float64 or not len(reference) or not _is_sorted_probabilities(reference):
            raise DataError("the reference is not a sorted list of probabilities; take those of a recent board")

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The files of the folder by name, but for the manifest."""
        return bundle_files.render(
            bundle_files.Parts(
                catalogue=self.catalogue,
                models=self.models,
                reference=self.reference,
                policy=self.policy,
                card=self.card,
                rulebook=self.rulebook,
            )
        )

    @cached_property
    def version(self) -> str:
        """12 hex digits of the sha256 over all files' names and hashes: equal content has an equal version.

        When it was made, and where its histories lay, is no part of it.
        """
        return _version(_hashes(self.files))


def write(bundle: Bundle, folder: Path) -> None:
    """Write a bundle as a folder, which appears whole or not at all.

    A folder that already holds this very bundle is left as it is; any other that is not empty raises DataError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not folder.is_dir() or read(folder).version != bundle.version:
            raise DataError(f"{folder} exists and holds something else; name a new folder for bundle {bundle.version}")
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, text in {**bundle.files, MANIFEST: _manifest(bundle)}.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_text(text, encoding="utf-8", newline="\n")
        partial.chmod(0o755)  # mkdtemp's own is 0700; others may serve what one user trained
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def read(folder: Path) -> Bundle:
    """Read a bundle.

    Raises DataError, naming the file, where one is missing, is not the one that the manifest speaks of, or is none
    that it knows, where the format is another, or where a model's features are not the catalogue's.
    """
    manifest = _read_manifest(folder)
    texts = {name: _read_text(folder, name) for name in _names(folder, manifest)}
    for name, expected in manifest.files.items():
        found = hashlib.sha256(texts[name].encode()).hexdigest()
        if found != expected:
            raise DataError(
                f"{folder / name} is not the file that was written: its sha256 begins {found[:12]}, the manifest "
                f"says {expected[:12]}; copy the bundle again"
            )
    return _parse(folder, texts)


def _parse(folder: Path, texts: Mapping[str, str]) -> Bundle:
    try:
        return Bundle(**bundle_files.parse(texts))
    except DataError as error:
        raise DataError(f"{folder}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder}: a file does not hold what a bundle needs ({error}); train it again") from None


def _check_model(target: Target, model: Model | Chain, catalogue: Catalogue) -> None:
    if model.target is not target:
        raise DataError(f"the model filed under {target} predicts {model.target}")
    if isinstance(model, Chain) and model.column != sql_column(catalogue):
        raise DataError(f"the {target} chain reads who is sql in another column than the catalogue's own")
    for part in (model.sql, model.given_sql) if isinstance(model, Chain) else (model,):
        _check_members(target, part, catalogue)


def _check_members(target: Target, model: Model, catalogue: Catalogue) -> None:
    for number, member in enumerate(model.members):
        if not isinstance(member, PointsMember) and member.names != catalogue.names:
            differing = sorted(set(member.names) ^ set(catalogue.names))
            example = f", such as {differing[0]!r}" if differing else ": they stand in another order"
            raise DataError(
                f"member {number} of the {target} model was trained on {len(member.names)} features, which are not "
                f"the catalogue's {len(catalogue.names)}{example}; a model serves with its own catalogue alone"
            )


def _is_sorted_probabilities(values: Floats) -> bool:
    return bool(np.all(np.diff(values) >= 0) and values[0] >= 0 and values[-1] <= 1)


def _hashes(files: Mapping[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())}


def _version(hashes: Mapping[str, str]) -> str:
    content = [[name, hashes[name]] for name in sorted(hashes) if name not in UNVERSIONED]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _manifest(bundle: Bundle) -> str:
    return dump({"format": bundle_files.FORMAT, "version": bundle.version, "files": _hashes(bundle.files)})


@dataclass(frozen=True, slots=True)
class _Manifest:
    version: str
    files: Mapping[str, str]


def _read_manifest(folder: Path) -> _Manifest:
    if not (folder / MANIFEST).is_file():
        raise DataError(f"{folder} is no bundle: it has no {MANIFEST}; name the folder that training wrote")
    try:
        content = json.loads(_read_text(folder, MANIFEST))
        number, version, files = content["format"], content["version"], content["files"]
        sound = all(isinstance(name, str) and isinstance(one, str) for name, one in files.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{folder / MANIFEST} is damaged; copy the bundle again") from None
    if number not in bundle_files.READABLE:
        known = ", ".join(map(str, bundle_files.READABLE))
        raise DataError(
            f"{folder} has format {number!r}, this program reads {known}: it was written by another "
            "version of lead-scoring; train it again with this one"
        )
    if not sound or version != _version(files):
        raise DataError(f"{folder / MANIFEST} is damaged: its version does not follow from its files; copy it again")
    return _Manifest(version, files)


def _names(folder: Path, manifest: _Manifest) -> list[str]:
    """The files that are both listed and there. Raises DataError for one that is not the other."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    missing, unknown = sorted(set(manifest.files) - there), sorted(there - set(manifest.files))
    if missing:
        raise DataError(f"{folder / missing[0]} is missing; copy the bundle again")
    if unknown:
        raise DataError(f"{folder / unknown[0]} is not in the bundle's manifest; remove it")
    return sorted(there)


def _read_text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{folder / name} cannot be read ({error}); copy the bundle again") from None
