"""Two packed models that answer differently, and a deployment folder that has both."""

from dataclasses import dataclass, replace
from pathlib import Path

from histories.contract import Target
from scoring import bundle as bundles
from scoring.bundle import Bundle
from scoring.model import Model
from scoring.policy import Policy
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.deploy.deployment import Deployment, Order
from serving.deploy.deployment_log import Action, Entry
from serving.engine import BUNDLE, RULEBOOK


@dataclass(frozen=True, eq=False)
class Packed:
    """A packed model: its tag, its folder and what it holds."""

    tag: str
    folder: Path
    bundle: Bundle
    rulebook: Rulebook

    @property
    def scorer(self) -> Scorer:
        return Scorer(self.bundle, self.rulebook)

    def order(self, at: str = "2026-01-01T00:00:00Z") -> Order:
        return Order(self.tag, at)

    def entry(self, at: str = "2026-01-01T00:00:00Z", action: Action = Action.DEPLOY) -> Entry:
        return Entry(action, self.tag, at, "tester", self.bundle.version, self.rulebook.version)


@dataclass(frozen=True, eq=False)
class Pair:
    """What answers, and what takes its place."""

    old: Packed
    new: Packed


def other(bundle: Bundle) -> Bundle:
    """Another champion: other probabilities, another reference, another calling line."""
    models: dict[Target, Model] = {}
    for target, model in bundle.models.items():
        assert isinstance(model, Model)
        models[target] = replace(model, members=model.members[:2])
    return replace(bundle, models=models, reference=bundle.reference**0.5, policy=Policy(0.3, (80.0, 60.0, 30.0)))


def packed(tag: str, folder: Path, bundle: Bundle, rulebook: Rulebook) -> Packed:
    """Write a model's folder as `pack` does."""
    bundles.write(bundle, folder / BUNDLE)
    (folder / RULEBOOK).write_text(rulebook.source, encoding="utf-8")
    return Packed(tag, folder, bundle, rulebook)


def kept(pair: Pair, folder: Path) -> Deployment:
    """A deployment folder that has both models, and nothing in force."""
    deployment = Deployment(folder)
    for one in (pair.old, pair.new):
        deployment.keep(one.tag, one.folder)
    return deployment
