"""What changed between two answers, in words that a salesperson reads."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from histories.clock import DAY, date
from histories.contract import Attribute, Interaction, LeadHistory
from scoring import rulebook_changes, words
from scoring.why.causes import Cause
from scoring.why.ends import Pair

_MOST_KINDS = 3
Value = str | float | None


def facts(pair: Pair) -> Mapping[Cause, tuple[str, ...]]:
    """Return what changed from the earlier end to the later one, sentences for each cause that did."""
    old, new = pair.seen(later=False), pair.seen(later=True)
    # Sentences are made as they are read, and so for what changed alone.
    told: dict[Cause, Iterable[str]] = {
        Cause.INTERACTIONS: _interactions(old.interactions, new.interactions, pair.earlier.as_of, ""),
        Cause.AGEING: (f"{_span(pair.later.as_of - pair.earlier.as_of)} passed",),
        Cause.ATTRIBUTES: _attributes(old, new),
        Cause.STAGES: _stages(old, new),
        Cause.ACCOUNT: _account(old, new, pair.earlier.as_of),
        Cause.RULEBOOK: _rulebook(pair),
        Cause.MODEL: _model(pair),
        Cause.CALIBRATION: ("Margins are brought to probabilities in another way",),
    }
    return {cause: tuple(told[cause]) for cause in Cause if cause in pair.changed}


def rule(name: str, seen: Sequence[Interaction]) -> str:
    """Say which interactions a rule moved by: `seen` are those, none where it goes by attributes."""
    if not seen:
        return name
    latest = max(seen, key=lambda one: (one.occurred_at, one.interaction_id))
    what = f"{words.kind(latest.kind)} on {date(latest.occurred_at)}"
    return f"{name}: {what}" if len(seen) == 1 else f"{name}: {len(seen):,} interactions, latest {what}"


def reason(before: str, after: str) -> str:
    """Say what a feature says now, and what it said before. Some phrases end with a comma, where a sentence goes on.

    >>> reason("No reply so far", "The latest reply, 2 days ago,")
    'The latest reply, 2 days ago (before: No reply so far)'
    """
    return f"{after.rstrip(',')} (before: {before.rstrip(',')})"


def _span(microseconds: int) -> str:
    return words.span(microseconds / DAY)


def _interactions(old: Iterable[Interaction], new: Iterable[Interaction], earlier: int, whose: str) -> Iterator[str]:
    came, went = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    if came:
        kinds = Counter(words.kind(one.kind) for one in came)
        told = [words.counted(count, kind) for kind, count in kinds.most_common(_MOST_KINDS)]
        others = len(came) - sum(count for _, count in kinds.most_common(_MOST_KINDS))
        told += [f"{others:,} of other kinds"] if others else []
        yield f"{words.counted(len(came), 'new interaction')}{whose}: {', '.join(told)}"
    if late := sum(one.occurred_at < earlier for one in came):
        yield f"{late:,} of them happened before {date(earlier)} and became known later"
    if went:
        verb = "counts" if len(went) == 1 else "count"
        yield f"{words.counted(len(went), 'interaction')}{whose} no longer {verb}"


def _attributes(old: LeadHistory, new: LeadHistory) -> Iterator[str]:
    before, after = _values(old.attributes), _values(new.attributes)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            was, now = _value(before.get(name)), _value(after.get(name))
            yield f"{words.attribute(name)} is {now}; before: {was}"
    if old.created_at != new.created_at:
        yield f"Created on {date(new.created_at)}; before: {date(old.created_at)}"


def _values(attributes: Iterable[Attribute]) -> dict[str, Value]:
    """Return the value of each attribute that counts: the last one, in the order of `ends.seen`."""
    return {one.name: one.value for one in attributes}


def _value(value: Value) -> str:
    if value is None:
        return "not known"
    return value if isinstance(value, str) else words.number(value)


def _stages(old: LeadHistory, new: LeadHistory) -> Iterator[str]:
    for one in new.outcomes:
        if one not in old.outcomes:
            yield f"Stage {one.stage.value} reached on {date(one.reached_at)}"
    for one in old.outcomes:
        if one not in new.outcomes:
            yield f"Stage {one.stage.value} of {date(one.reached_at)} is no longer on record"


def _account(old: LeadHistory, new: LeadHistory, earlier: int) -> Iterator[str]:
    if old.account_interactions is None:
        yield "What others of the account did became known"
    if new.account_interactions is None:
        yield "What others of the account did is no longer known"
    before, after = old.account_interactions or (), new.account_interactions or ()
    yield from _interactions(before, after, earlier, " by others of the account")


def _rulebook(pair: Pair) -> Iterator[str]:
    old, new = pair.earlier.rulebook, pair.later.rulebook
    yield f"Rulebook {new.version} in place of {old.version}"
    yield from rulebook_changes.changes(old, new)


def _model(pair: Pair) -> Iterator[str]:
    old, new = pair.earlier.bundle, pair.later.bundle
    yield f"Model {new.version} in place of {old.version}"
    for target, model in new.models.items():
        was = old.models.get(target)
        if was is not None and was.horizon_days != model.horizon_days:
            yield f"P({target.value}) is asked for within {model.horizon_days} days; before: {was.horizon_days}"
    if old.catalogue.families != new.catalogue.families:
        yield "Families have other kinds"
