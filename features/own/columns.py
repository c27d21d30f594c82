"""Own features beside a catalogue's other columns: what each means, and the program that computes them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

import numpy as np

from features import declaration
from features.declaration import Template
from features.encoding.signature import MOST_FAMILIES, counted_families
from features.feature import Feature, Signal
from features.kernel import layout, own_program
from features.kernel.arrays import Floats, Ints
from features.naming import slug
from features.own.expression import Column, Expression, Operation
from features.own.features import Aggregate, Aggregation, OwnFeature
from features.own.predicate import Predicate
from histories.contract import Families
from histories.errors import nearest

_TEMPLATES: Mapping[Aggregation, Template] = {
    Aggregation.COUNT: declaration.COUNT,
    Aggregation.SUM: declaration.SUM_OF,
    Aggregation.DECAYED: declaration.DECAYED,
    Aggregation.AGE: declaration.AGE,
    Aggregation.SINCE_FIRST: declaration.SINCE_FIRST,
}
_OPERATIONS: Mapping[Operation, int] = {
    Operation.ADD: own_program.ADD,
    Operation.SUBTRACT: own_program.SUBTRACT,
    Operation.MULTIPLY: own_program.MULTIPLY,
    Operation.DIVIDE: own_program.DIVIDE,
    Operation.MIN: own_program.MIN,
    Operation.MAX: own_program.MAX,
    Operation.LOG1P: own_program.LOG1P,
    Operation.NEGATE: own_program.NEGATE,
}
_WITHOUT_ACCOUNT = "; missing without an account"
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True)
class Around:
    """What own features stand beside: the other columns, the families, and the kinds that have no columns."""

    columns: tuple[Feature, ...]
    families: Families
    rare_kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """What the kernel runs: `least` [predicates], -inf without a threshold; `program` [operations, 2]; `constants`."""

    least: Floats
    program: Ints
    constants: Floats


def predicates(own: Sequence[OwnFeature]) -> tuple[Predicate, ...]:
    """Return the different predicates in the order of their first use; each is a hidden signal of the kernel."""
    return tuple(dict.fromkeys(one.formula.predicate for one in own if isinstance(one.formula, Aggregate)))


def features(own: Sequence[OwnFeature], around: Around) -> tuple[Feature, ...]:
    """Return one column for each own feature, in their order.

    Raises CallError where a name is taken, where an expression names what is no column or no amount, where a family
    is not declared, and where there are more predicates and families than can be told apart.
    """
    _refuse_too_many(own, around)
    made: dict[str, Feature] = {one.name: one for one in around.columns}
    for place, one in enumerate(own):
        if one.name in made:
            one.fail("name", f"{one.name!r} is the name of a column of the catalogue; choose another name")
        if isinstance(one.formula, Expression):
            _refuse_unknown(one, one.formula, made, [later.name for later in own[place:]], around)
            made[one.name] = _computed(one, one.formula, made)
        else:
            made[one.name] = _aggregated(one, one.formula, _topic(own, one.formula.predicate), around)
    return tuple(made[one.name] for one in own)


def program(own: Sequence[OwnFeature], names: Sequence[str]) -> Program:
    """Return the program that fills the columns of `own`, which are the last of `names`."""
    written = _Writing({name: place for place, name in enumerate(names)}, predicates(own))
    for one in own:
        written.add(one)
    return Program(
        least=np.array([-np.inf if one.at_least is None else one.at_least for one in written.predicates]),
        program=np.array(written.operations, dtype=np.int64).reshape(-1, 2),
        constants=np.array(written.constants, dtype=np.float64),
    )


@dataclass
class _Writing:
    places: Mapping[str, int]
    predicates: tuple[Predicate, ...]
    operations: list[tuple[int, int]] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)

    def add(self, one: OwnFeature) -> None:
        if isinstance(one.formula, Aggregate):
            self.operations.append((own_program.HIDDEN, self._hidden(one.formula)))
        else:
            self._steps(one.formula)
        self.operations.append((own_program.STORE, self.places[one.name]))

    def _hidden(self, formula: Aggregate) -> int:
        columns = [(template, window) for template in declaration.SIGNAL for window in template.windows]
        columns += [(declaration.SUM_OF, window) for window in declaration.EVERY]
        within = columns.index((_TEMPLATES[formula.aggregation], formula.span))
        return self.predicates.index(formula.predicate) * layout.HIDDEN_WIDTH + within

    def _steps(self, formula: Expression) -> None:
        for step in formula.steps:
            if isinstance(step, Column):
                self.operations.append((own_program.LOAD, self.places[step.name]))
            elif isinstance(step, Operation):
                self.operations.append((_OPERATIONS[step], 0))
            else:
                self.operations.append((own_program.CONSTANT, len(self.constants)))
                self.constants.append(step)


def _topic(own: Sequence[OwnFeature], about: Predicate) -> str:
    """The first feature of a predicate gives its name to all that say the same thing."""
    first = next(one for one in own if isinstance(one.formula, Aggregate) and one.formula.predicate == about)
    return f"own:{first.name}"


def _aggregated(one: OwnFeature, formula: Aggregate, topic: str, around: Around) -> Feature:
    family = formula.predicate.family
    if family is not None and family not in around.families.patterns:
        allowed = ", ".join(around.families.patterns) or "none"
        hint = nearest(family, around.families.patterns)
        one.fail("family", f"{family!r} is not declared in [families]; declared are {allowed}{hint}")
    template = replace(_TEMPLATES[formula.aggregation], name=one.name, windows=(formula.span,))
    (made,) = template.features(Signal(topic, one.name, formula.predicate.what, 0))
    return _said(made, one)


def _computed(one: OwnFeature, formula: Expression, made: Mapping[str, Feature]) -> Feature:
    inputs = [made[name] for name in formula.columns]
    feature = Feature(
        one.name, "number", f"Computed as {formula.text}.", _absence(formula, inputs), 0, f"own:{one.name}"
    )
    return _said(feature, one)


def _said(made: Feature, one: OwnFeature) -> Feature:
    meaning = made.meaning if one.meaning is None else f"{one.meaning.removesuffix('.')}."
    return replace(made, unit=one.unit or made.unit, meaning=meaning, monotone=one.monotone)


def _absence(formula: Expression, inputs: Sequence[Feature]) -> str:
    """What an expression gives where nothing was seen, from what its columns hold there."""
    absences = {one.name: one.absence.removesuffix(_WITHOUT_ACCOUNT) for one in inputs}
    if "missing" in absences.values():
        return "missing"
    open_ones = [name for name, absence in absences.items() if not _NUMBER.fullmatch(absence)]
    if open_ones:
        return f"depends on {', '.join(open_ones)}"
    value = formula.of_constants({name: float(absence) for name, absence in absences.items()})
    if np.isnan(value):
        return "missing"
    return f"{value:.12g}" + (_WITHOUT_ACCOUNT if any(one.absence.endswith(_WITHOUT_ACCOUNT) for one in inputs) else "")


def _refuse_too_many(own: Sequence[OwnFeature], around: Around) -> None:
    different, families = predicates(own), counted_families(around.families)
    if different and len(different) + len(families) > MOST_FAMILIES:
        last = next(one for one in reversed(own) if isinstance(one.formula, Aggregate))
        last.fail(
            "aggregate",
            f"{len(different)} different predicates beside {len(families)} families; at most {MOST_FAMILIES} "
            "can be told apart together: let features share kinds, channel, direction and at_least, or leave some out",
        )


def _refuse_unknown(
    one: OwnFeature, formula: Expression, made: Mapping[str, Feature], later: Sequence[str], around: Around
) -> None:
    for name in formula.columns:
        if name in made:
            if made[name].categorical:
                one.fail("expression", f"{name!r} is a code of a category, not an amount; name a column of amounts")
        elif name in later:
            one.fail("expression", f"{name!r} is declared here or further down; name features declared above this one")
        else:
            _unknown(one, name, made, around)


def _unknown(one: OwnFeature, name: str, made: Mapping[str, Feature], around: Around) -> NoReturn:
    kind = _rare_kind(name, around.rare_kinds)
    if kind is not None:
        one.fail(
            "expression",
            f"{name!r} is no column here: too few training leads have kind {kind!r}, so that it counts as `other`; "
            f"count it by an aggregate with kinds = [{_quoted(kind)}], and name that feature in its place",
        )
    stem, _, window = name.rpartition("_")
    if stem.endswith("_sum") and f"{stem.removesuffix('_sum')}_count_{window}" in made:
        one.fail(
            "expression",
            f"{name!r} is no column here: no training lead has a value there, and sums are made where values occur; "
            'an aggregate = "sum" exists wherever it is declared',
        )
    one.fail(
        "expression",
        f"{name!r} is no column of this export's catalogue; `lead-scoring features --describe` with its CRM.toml lists "
        f"them{nearest(name, made)}",
    )


def _rare_kind(name: str, kinds: Sequence[str]) -> str | None:
    """The kind that would have this column if it had any."""
    templates = (*declaration.SIGNAL, *declaration.SUM)
    return next(
        (
            kind
            for kind in kinds
            if name.startswith(f"{slug(kind)}_")
            and any(
                feature.name == name
                for template in templates
                for feature in template.features(Signal("", slug(kind), "", 0))
            )
        ),
        None,
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
