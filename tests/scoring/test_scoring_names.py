"""Names in a rulebook that exist nowhere are found before anyone trusts its points."""

import pytest
from test_scoring_rulebook import FULL

from histories.contract import Families
from histories.errors import CallError
from scoring import names, rulebook

FAMILIES = Families({"intent": ("demo",), "negative": ("unsubscribe",), "two_way": ("reply",)})
ATTRIBUTES = ("employees", "industry", "budget", "seniority")
BOOK = rulebook.parse(FULL, "rulebook.toml")


def without(name: str) -> Families:
    return Families({one: globs for one, globs in FAMILIES.patterns.items() if one != name})


def test_a_rulebook_whose_names_all_exist_passes():
    names.check(BOOK, FAMILIES, ATTRIBUTES)


@pytest.mark.parametrize(
    ("families", "attributes", "message"),
    [
        (
            Families({**without("negative").patterns, "negatives": ("x",)}),
            ATTRIBUTES,
            (
                "line 15, [engagement #2] family: 'negative' is not declared; declared are intent, negatives, two_way; did "
                "you mean 'negatives'?"
            ),
        ),
        (
            without("intent"),
            ATTRIBUTES,
            "line 34, [qualification need] family: 'intent' is not declared; declared are negative, two_way",
        ),
        (
            without("two_way"),
            ATTRIBUTES,
            "line 44, [stages sql] two_way: asks for family two_way, which is not declared; declare it in [families]",
        ),
        (
            FAMILIES,
            ("employee", "industry", "budget", "seniority"),
            (
                "line 21, [fit #1] attribute: 'employees' is not declared; declared are budget, employee, industry, "
                "seniority; did you mean 'employee'?"
            ),
        ),
        (
            FAMILIES,
            ATTRIBUTES[:3],
            (
                "line 33, [qualification authority] attribute: 'seniority' is not declared; declared are budget, employees, "
                "industry"
            ),
        ),
    ],
)
def test_an_unknown_name_is_an_error_with_its_line(families: Families, attributes: tuple[str, ...], message: str):
    with pytest.raises(CallError) as caught:
        names.check(BOOK, families, attributes)
    assert str(caught.value) == f"rulebook.toml, {message}"


def test_rules_that_no_kind_meets_are_named():
    assert names.silent_rules(BOOK, FAMILIES, ["session:pricing_page", "open"]) == ("Unsubscribed",)
    assert names.silent_rules(BOOK, FAMILIES, ["unsubscribe"]) == ("Looked at prices",)
    assert names.silent_rules(BOOK, FAMILIES, ["unsubscribe", "session:pricing_eu"]) == ()
