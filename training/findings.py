"""What a lineup comes to, in sentences that say no more than the figures do."""

from training.bootstrap import Difference
from training.lineup import MODEL, RULES, Lineup

FEW_CONVERSIONS = 50


def finding(lineup: Lineup) -> str:
    """Say whether model or rules predicted better, by how much, and how sure that is."""
    if MODEL not in lineup.contenders:
        return "There were too few conversions to learn from: the rules' points, calibrated, answer."
    loss = lineup.differences[RULES]["log_loss"]
    interval = f"(log loss {_signed(loss.value)}, 95% interval {_signed(loss.low)} to {_signed(loss.high)})"
    if loss.high < 0:
        said = f"The model predicts better than the rules {interval}."
    elif loss.low > 0:
        said = f"The rules predict better than the model {interval}."
    else:
        said = f"The test cannot tell model and rules apart {interval}."
    return f"{said} {ranking(lineup)}".strip()


def ranking(lineup: Lineup) -> str:
    """Say what the AUCs mean, or nothing where they are not defined."""
    model, rules = (lineup.contenders[name].figures.measures.auc for name in (MODEL, RULES))
    if not (0 <= model <= 1 and 0 <= rules <= 1):
        return ""
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


def _signed(value: float) -> str:
    return f"{value:+.4f}"
