"""What a lineup comes to, in sentences that say no more than the figures do."""

import math
from collections.abc import Sequence

from training.bootstrap import Difference
from training.checks import ENOUGH_CONVERSIONS, in_words
from training.lineup import MODEL, RULES, Lineup


def finding(lineup: Lineup) -> str:
    """Say whether model or rules predicted better, by how much, and how sure that is; or that too few converted to tell."""
    if MODEL not in lineup.contenders:
        return "No model could be learnt: the rules' points, brought to probabilities, answer."
    if lineup.same:
        return "The model is the rules' points, brought to probabilities: both say the same."
    few = too_few(converted_leads(lineup))
    if few:
        return f"Cannot tell: {few}."
    loss = lineup.differences[RULES]["log_loss"]
    interval = f"(log loss {loss.value:+.4f}, 95% interval {loss.low:+.4f} to {loss.high:+.4f})"
    if loss.high < 0:
        return f"The model predicts better than the rules {interval}."
    if loss.low > 0:
        return f"The rules predict better than the model {interval}."
    return f"The test cannot tell model and rules apart {interval}."


def converted_leads(lineup: Lineup) -> int:
    """Return how many leads of the test converted: the same for every contender."""
    return next(iter(lineup.contenders.values())).figures.converted_leads


def too_few(converted: int, to_tell: str = "two scores apart") -> str | None:
    """Say, for the middle of a sentence, that a test with so many converted leads is too small; None where it is not."""
    if converted >= ENOUGH_CONVERSIONS:
        return None
    return f"the test holds {in_words(converted)}, and it takes {ENOUGH_CONVERSIONS} to tell {to_tell}"


def headline(lineups: Sequence[Lineup]) -> str:
    """Say the finding of every target in one line each."""
    return "\n".join(f"{one.title}: {_lower(finding(one))}" for one in lineups)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def ranking(lineup: Lineup) -> str | None:
    """Say what the AUCs mean; None where there are not two different ones."""
    if lineup.same or MODEL not in lineup.contenders:
        return None
    model, rules = (lineup.contenders[name].figures.measures.auc for name in (MODEL, RULES))
    if math.isnan(model) or math.isnan(rules):
        return None
    return (
        f"Of a lead that converted and one that did not, the model ranked the first higher "
        f"{model:.0%} of the time, the rules {rules:.0%}."
    )


def caution(lineup: Lineup) -> str | None:
    """Warn where the test holds few conversions and the finding is silent on them, else None."""
    if MODEL in lineup.contenders and not lineup.same:
        return None
    return luck(converted_leads(lineup), "the test")


def luck(converted: int, looked_at: str) -> str | None:
    """Warn where few leads of what was `looked_at` converted, else None."""
    if converted >= ENOUGH_CONVERSIONS:
        return None
    leads = "1 lead" if converted == 1 else f"{converted} leads"
    return f"Only {leads} of {looked_at} converted: below {ENOUGH_CONVERSIONS} a difference can be luck."


def better(difference: Difference, lower_is_better: bool) -> bool | None:
    """Tell whether the first score is better by a difference; None where its interval holds 0 or is undefined."""
    if difference.high < 0:
        return lower_is_better
    if difference.low > 0:
        return not lower_is_better
    return None
