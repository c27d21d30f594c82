"""What is counted of a request's answers."""

from collections import Counter

import numpy as np

from scoring.answer import Status
from scoring.scorer import Scored
from serving.wire.reply import Counts

_UNKNOWN_KINDS = "unknown_kinds"


def of(scored: Scored, unreadable: int = 0) -> Counts:
    """Return the counts of these answers, and of `unreadable` leads that did not come as far as scoring."""
    answers = [one for one in scored.answers if one.status is Status.SCORED]
    caveats = [each for one in answers for each in one.warnings]
    return Counts(
        scored=len(answers),
        failed=len(scored.answers) - len(answers) + unreadable,
        probabilities=tuple(one.probability_customer for one in answers if one.probability_customer is not None),
        points=tuple(one.rule_points for one in answers if one.rule_points is not None),
        missing=tuple(np.isnan(scored.matrix).mean(axis=1).tolist()) if scored.matrix.size else (),
        unknown_kinds=sum(each.count for each in caveats if each.code == _UNKNOWN_KINDS),
        warnings=tuple(sorted(Counter(each.code for each in caveats).items())),
    )
