"""Every feature family passes every check, and no block of the catalogue is without a family and an oracle."""

import pytest
from feature_checks import CHECKS, Check
from feature_families import FAMILIES, Family
from feature_histories import CATALOGUE, CUTOFF, WORLDS
from feature_mutants import MUTANTS, Mutant
from feature_oracle import row as oracle_row
from feature_subject import HONEST, remembering
from feature_trial import shrunk, tried

from histories.contract import LeadHistory

SUBJECT = remembering(HONEST)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda one: one.block)
@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda one: one.name)
def test_every_family_passes_every_check(family: Family, check: Check) -> None:
    failure = tried(check, family, SUBJECT)
    if failure is not None:
        shrunk(check, family, HONEST)
        raise failure


def test_every_block_of_the_catalogue_is_a_family_that_is_checked() -> None:
    unchecked = [block for block in CATALOGUE.blocks if block not in FAMILIES]
    assert unchecked == [], f"declare {unchecked} in feature_families.py: no check sees these columns"
    assert set(FAMILIES) == set(CATALOGUE.blocks)


def test_every_column_of_a_family_has_an_oracle() -> None:
    for catalogue, cutoff in WORLDS:
        known = oracle_row(LeadHistory("a", CUTOFF), cutoff, catalogue)
        without = {
            block: [one.name for one in columns if one.name not in known] for block, columns in catalogue.blocks.items()
        }
        assert {block: names for block, names in without.items() if names} == {}, "write these in feature_oracle.py"
        assert set(known) == set(catalogue.names)


@pytest.mark.parametrize(
    ("mutant", "block"),
    [(mutant, block) for mutant in MUTANTS for block in mutant.blocks],
    ids=lambda one: one.name if isinstance(one, Mutant) else one,
)
def test_what_is_wrong_is_caught_by_the_check_that_is_meant_to(mutant: Mutant, block: str) -> None:
    assert tried(CHECKS[mutant.caught_by], FAMILIES[block], mutant.subject) is not None


def test_every_check_is_known_to_catch_something() -> None:
    assert {mutant.caught_by for mutant in MUTANTS} == set(CHECKS)


def test_every_family_is_known_to_be_looked_at() -> None:
    assert {block for mutant in MUTANTS for block in mutant.blocks} == set(FAMILIES)
