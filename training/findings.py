"""What a lineup comes to, in sentences that say no more than the figures do."""

import math
from collections.abc import Sequence

from training.bootstrap import Difference
from training.lineup import MODEL, RULES, Lineup

FEW_CONVERSIONS = 50


def finding(lineup: Lineup) -> str:
    """Say whether model or rules predicted better, by how much, and how sure that is."""
    if MODEL not in lineup.contenders:
        return "No model could be learnt: the rules' points, brought to probabilities, answer."
    if lineup.same:
        return "The model is the rules' points, brought to probabilities: both say the same."
    loss = lineup.differences[RULES]["log_loss"]
    interval = f"(log loss {loss.value:+.4f}, 95% interval {loss.low:+.4f} to {loss.high:+.4f})"
    if loss.high < 0:
        return f"The model predicts better than the rules {interval}."
    if loss.low > 0:
        return f"The rules predict better than the model {interval}."
    return f"The test cannot tell model and rules apart {interval}."


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
    """Warn where the test holds few conversions, else None."""
    converted = next(iter(lineup.contenders.values())).figures.converted_leads
    if converted >= FEW_CONVERSIONS:
        return None
    leads = "1 lead" if converted == 1 else f"{converted} leads"
    return f"Only {leads} of the test converted: below {FEW_CONVERSIONS} a difference can be luck."


def better(difference: Difference, lower_is_better: bool) -> bool | None:
    """Tell whether the first score is better by a difference; None where its interval holds 0 or is undefined."""
    if difference.high < 0:
        return lower_is_better
    if difference.low > 0:
        return not lower_is_better
    return None
