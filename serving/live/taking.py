"""Between a request's rows and the store's: which rows each amounts to, and what their verdicts say of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from histories.contract import Attribute
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, RowResult, Verdict
from histories.store.facts.together import Known, Refused, Rows, Taken
from serving.live.entries import Entry, Ignored, SeenLead, ToldLead, Wrong
from serving.wire.incoming import Status, WireVerdict

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Part:
    """Where the rows of one entry begin and end among those of each kind."""

    leads: range
    attributes: range
    interactions: range
    outcomes: range


@dataclass(frozen=True)
class Planned(Rows):
    """Rows, and which of them belong to each entry."""

    parts: tuple[Part, ...] = ()


def touched(entries: Iterable[Entry]) -> set[str]:
    """Return the leads of which it must be known what is known of them."""
    return {one.lead_id for one in entries if isinstance(one.told, ToldLead | SeenLead) and one.lead_id is not None}


def planned(source: str, entries: Sequence[Entry], known: Known, now: int) -> Planned:
    """Return the rows that entries amount to, given what is known. `source` is what the quarantine calls them."""
    leads: list[LeadRow] = []
    attributes: list[AttributeRow] = []
    interactions: list[InteractionRow] = []
    outcomes: list[OutcomeRow] = []
    refused: list[Refused] = []
    parts, there = [], set(known.leads)
    kinds: tuple[Sequence[object], ...] = (leads, attributes, interactions, outcomes)
    for entry in entries:
        began = [len(one) for one in kinds]
        match entry.told:
            case InteractionRow() as row:
                interactions.append(row)
            case OutcomeRow() as row:
                outcomes.append(row)
            case ToldLead(lead, _) as told:
                leads.append(lead)
                attributes += [AttributeRow(lead.lead_id, one) for one in _news(told, known, now)]
                there.add(lead.lead_id)
            case SeenLead(lead_id, created_at, seen):
                if created_at is not None and lead_id not in there:
                    leads.append(LeadRow(lead_id, created_at))
                    there.add(lead_id)
                attributes += [AttributeRow(lead_id, one) for one in seen]
            case Wrong(reason, text):
                refused.append(Refused(source, text, reason))
        parts.append(Part(*(range(begin, len(one)) for begin, one in zip(began, kinds, strict=True))))
    return Planned(
        tuple(leads), tuple(attributes), tuple(interactions), tuple(outcomes), tuple(refused), parts=tuple(parts)
    )


def _news(told: ToldLead, known: Known, now: int) -> Iterator[Attribute]:
    """The attributes that say something new. An undated one of a lead that is known already is known from now on."""
    for one in told.attributes:
        if one.known_at is not None or told.lead.lead_id not in known.leads:
            yield one
        elif known.newest.get((told.lead.lead_id, one.name), _NOTHING) != one.value:
            yield replace(one, known_at=now)


def verdicts(entries: Iterable[Entry], rows: Planned, taken: Taken) -> Iterator[WireVerdict]:
    """Yield what became of each entry, in their order."""
    for entry, part in zip(entries, rows.parts, strict=True):
        status, reason = _said(entry, [*_results(part, rows, taken)])
        yield WireVerdict.model_construct(
            lead_id=entry.lead_id, interaction_id=entry.interaction_id, status=status, reason=reason
        )


def _said(entry: Entry, results: Sequence[RowResult]) -> tuple[Status, str | None]:
    match entry.told:
        case Wrong(reason, _):
            return "refused", reason
        case Ignored(reason):
            return "ignored", reason
        case _:
            return _status(results)


def _results(part: Part, rows: Planned, taken: Taken) -> Iterator[RowResult]:
    """What the store says of an entry's rows; a refused attribute by its name."""
    yield from (taken.leads[place] for place in part.leads)
    yield from (taken.interactions[place] for place in part.interactions)
    yield from (taken.outcomes[place] for place in part.outcomes)
    for place in part.attributes:
        one = taken.attributes[place]
        name = rows.attributes[place].attribute.name[:100]
        yield one if one.reason is None else replace(one, reason=f"attributes.{name}: {one.reason}")


def _status(results: Sequence[RowResult]) -> tuple[Status, str | None]:
    """One verdict of an entry that is several rows: refused where any was; none at all says what was known."""
    added = any(one.verdict is Verdict.ADDED for one in results)
    refused = next((one.reason for one in results if one.verdict is Verdict.REFUSED), None)
    if refused is not None:
        return "refused", f"{refused}; the rest of the row was taken in" if added else refused
    return ("added" if added else "duplicate"), None
