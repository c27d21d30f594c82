"""Own features as a recipe declares them, from its text."""

from feature_histories import CATALOGUE

from features.catalogue import Catalogue, with_own
from features.own import features as own
from features.own.features import OwnFeature
from histories import toml_file


def read(text: str) -> tuple[OwnFeature, ...]:
    """Read the features of a recipe's text."""
    return own.read(toml_file.parse(text, "recipe.toml").tables("features"))


def beside(text: str, catalogue: Catalogue = CATALOGUE) -> Catalogue:
    """Return a catalogue with the features of a recipe's text beside its own."""
    return with_own(catalogue, read(text))
