"""Copies a bundle and a rulebook into BentoML's model store, from where a service or a bento takes them."""

import contextlib
import hashlib
import shutil
from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound

from scoring import bundle as bundles
from scoring import rulebook as rulebooks
from serving.engine import BUNDLE, RULEBOOK

NAME = "lead_scoring"


def pack(bundle_folder: Path, rulebook: Path) -> str:
    """Return the tag, `lead_scoring:<version>`, of the model that holds both; made where there is none yet.

    The version is a hash of the content: the same bundle and rulebook always have the same tag. Both are read first,
    so that nothing unreadable is packed: CallError, DataError.
    """
    bundle, rules = bundles.read(bundle_folder), rulebooks.read(rulebook)
    version = hashlib.sha256(f"{bundle.version} {rules.version}".encode()).hexdigest()[:12]
    tag = f"{NAME}:{version}"
    with contextlib.suppress(NotFound):
        return str(bentoml.models.get(tag).tag)
    labels = {"model_version": bundle.version, "rulebook_version": rules.version}
    with bentoml.models.create(tag, labels=labels) as model:
        shutil.copytree(bundle_folder, Path(model.path_of(BUNDLE)))
        shutil.copyfile(rulebook, Path(model.path_of(RULEBOOK)))
    return tag


def packed(tag: str) -> Path:
    """Return the folder of a packed model in the store."""
    return Path(bentoml.models.get(tag).path)
