"""The catalogue as a page to read, docs/features.md: what is counted, and what is computed of it."""

import re
from collections.abc import Iterable, Sequence

from features import declaration
from features.catalogue import AttributeSpec, Catalogue, Signal
from features.declaration import Template
from features.own.expression import Expression
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from features.pages.description import MONOTONE, sources
from histories.contract import AttributeType, Families

_CODE = re.compile(r"`[^`]*`|<")
_HEAD = "# Features\n"
_EXAMPLE = """
This page is made from the catalogue by `lead-scoring features --describe -o docs/features.md`; a test holds both in
step. It shows the catalogue of a small export. A real one has the kinds, families and attributes of its own export, frozen
when a model is trained. `lead-scoring features --describe CRM.toml` tells the catalogue of an export, and
[own-features.md](own-features.md) how a team declares more.
"""
_INTRODUCTION = """\
{count:,} columns. Kinds that at least 50 training leads have get columns of their own, the 60 commonest at most; every
other kind counts as `other`.

A window of w days before a cutoff is `[cutoff - w x 86,400 s, cutoff)`. An interaction counts if it occurred before the
cutoff and had arrived by then. A direction that the export does not give follows from the families: a kind of `outbound`
is ours, any other of `two_way` is the lead's. Calendar days, hours and weekdays are those of the export's time zone
({timezone} here). Ages and gaps are in days of 86,400 s.
"""
_OF_SIGNALS = """\
`<signal>` is a name of the table above. Sums are made where values occurred in training. Trends are made of
directions, replies, families and all interactions, not of single kinds. The direction in which more is better or
worse holds for signals that are good news, is turned round for bad news, and is left open for others.
"""
_OF_LEAD = """\
Shares, answers and what is unanswered go by the direction of every kind, the lead's age by the lead alone, and all
others by every kind.
"""
_OF_ACCOUNTS = """\
Without the lead's own interactions; one that several leads of the account share counts once. Missing where the lead
has no account, and in a request that does not send them; what counts a family is missing where the export declares no
such family.
"""
_OF_OWN = """\
What a team declares in its recipe: the last columns, in the order declared.
"""


def page(catalogue: Catalogue) -> str:
    """Return the catalogue as Markdown: signals, then what is computed of each, then the rest."""
    about_signals = [*declaration.SIGNAL, *declaration.SUM, *declaration.TREND]
    parts = [
        _HEAD + (_EXAMPLE if catalogue == example() else ""),
        _INTRODUCTION.format(timezone=catalogue.timezone, count=len(catalogue.names)),
        "## What is counted\n",
        _signals(catalogue),
        "## Of each signal\n",
        _OF_SIGNALS,
        _templates(about_signals),
        "## Of the lead\n",
        _OF_LEAD,
        _templates(
            (
                *declaration.CONTACT,
                *declaration.RHYTHM,
                *declaration.VARIETY,
                *declaration.LATEST_KINDS,
                *declaration.LATEST_TIME,
                *declaration.LEAD,
            )
        ),
        "The code of a kind is its place in the catalogue, from 0; that of every other kind is the number after them.\n",
        "## Stages\n",
        "`<signal>` is " + ", ".join(f"`{stage}`" for stage in declaration.STAGES) + ". Reaching a stage counts as "
        "reaching every earlier one; a lead that is reopened after it was lost begins again.\n",
        _templates(declaration.STAGE),
        "## Attributes\n",
        _attributes(catalogue),
        "## The account's other leads\n",
        _OF_ACCOUNTS,
        _templates(declaration.ACCOUNT),
        "## Own features\n",
        _OF_OWN,
        _own(catalogue),
    ]
    return "\n".join(parts)


def example() -> Catalogue:
    """Return the catalogue of a small export, as this page shows it."""
    return Catalogue(
        kinds=("email_open", "session:pricing_page", "demo_request", "reply"),
        families=Families(
            {
                "intent": ("session:pricing_page", "demo_*"),
                "two_way": ("reply", "meeting"),
                "negative": ("unsubscribe",),
                "machine": ("email_open",),
            }
        ),
        attributes=(
            AttributeSpec("employees", AttributeType.NUMBER),
            AttributeSpec("industry", AttributeType.CATEGORY, ("software", "retail")),
        ),
        timezone="Europe/Amsterdam",
        channels=("email", "web"),
        valued=("interactions", "family:intent", "kind:session:pricing_page"),
        rare_kinds=("meeting", "unsubscribe"),
        own=(
            OwnFeature(
                "long_visits_30d", Aggregate(Aggregation.COUNT, Predicate(("session:*",), at_least=600.0), "30d")
            ),
            OwnFeature(
                "pricing_share_30d",
                Expression("intent_count_30d / interactions_count_30d"),
                unit="share",
                meaning="Share of interactions about prices in 30 days",
                monotone=1,
            ),
        ),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Keep a bar from ending the cell, and a `<` outside of code from beginning a tag."""
    escaped = _CODE.sub(lambda found: found[0] if found[0].startswith("`") else "&lt;", text)
    return escaped.replace("|", "\\|")


def _signals(catalogue: Catalogue) -> str:
    return _table(
        ["signal", "counts", "from", "for sales"],
        [[f"`{one.name}`", one.what, _source(one, catalogue), _news(one)] for one in catalogue.signals],
    )


def _source(signal: Signal, catalogue: Catalogue) -> str:
    about, _, name = signal.key.partition(":")
    if about == "family":
        return ", ".join(f"`{glob}`" for glob in catalogue.families.patterns[name])
    if about == "kind":
        return f"`{name}`"
    return {
        "direction": "the direction",
        "replies": "family `two_way` and the direction",
        "interactions": "every kind",
        "other": "every kind without columns of its own",
    }[about]


def _news(signal: Signal) -> str:
    return {1: "good news", -1: "bad news", 0: ""}[signal.favour]


def _templates(templates: Iterable[Template]) -> str:
    return _table(
        ["column", "windows", "unit", "meaning", "where nothing was seen", "monotone"],
        [
            [
                f"`{one.name.format(signal='<signal>', window='<window>')}`",
                ", ".join(one.windows),
                one.unit,
                _meaning(one),
                one.absence,
                MONOTONE[one.favour],
            ]
            for one in templates
        ],
    )


def _meaning(template: Template) -> str:
    span = "in the window before the cutoff" if template.windows[-1] == "all" else "before the cutoff"
    return template.meaning.format(what="<signal>", span=span, window="<window>")


def _attributes(catalogue: Catalogue) -> str:
    rows = zip(catalogue.attributes, catalogue.blocks["attributes"], strict=True)
    return _table(
        ["column", "unit", "meaning", "where nothing was seen", "codes"],
        [
            [f"`{one.name}`", one.unit, one.meaning, one.absence, ", ".join([*spec.categories, "any other"])]
            if spec.type is AttributeType.CATEGORY
            else [f"`{one.name}`", one.unit, one.meaning, one.absence, ""]
            for spec, one in rows
        ],
    )


def _own(catalogue: Catalogue) -> str:
    return _table(
        ["column", "unit", "meaning", "from", "where nothing was seen", "monotone"],
        [
            [
                f"`{one.name}`",
                one.unit,
                one.meaning,
                ", ".join(kind if " kind" in kind else f"`{kind}`" for kind in sources(one, catalogue)),
                one.absence,
                MONOTONE[one.monotone],
            ]
            for one in catalogue.blocks["own"]
        ],
    )
