"""What was tested, learnt again from all that the export knows: settings, rounds and calibrator stay as they were."""

from dataclasses import replace

from features.catalogue import Catalogue
from histories.contract import Histories
from scoring.chain import Chain
from scoring.model import Model
from training import chain
from training.fitted import Score, TargetResult
from training.ladder import Further, Taught, relearn
from training.split import Split


def refit(
    histories: Histories,
    catalogue: Catalogue,
    further: Further,
    parts: Split,
    taught: Taught,
    result: TargetResult,
    seed: int,
) -> Model | Chain:
    """Return what answers for a target, model, chain or points, learnt from `further`: the rows of `parts.train`."""
    if result.champion is Score.POINTS or result.model is None:
        return relearn(replace(taught, learnt=None), further, catalogue, seed).points
    route = None if result.learning is None else result.learning.route
    if isinstance(result.model, Chain) and route is not None:
        asked = chain.Part(further.matrix, further.snapshots, parts)
        return chain.relearn(result.model, route, asked, histories, catalogue, seed)
    again = relearn(taught, further, catalogue, seed)
    assert again.learnt is not None  # noqa: S101 -- there was a model; mypy cannot know
    return again.learnt.model
