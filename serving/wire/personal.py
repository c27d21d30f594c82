"""Names, e-mail addresses and phone numbers among a lead's attributes: no score needs them, so they are refused.

An attribute is refused for its key (`first_name`, `phone`), or for a value that reads like an address or a number,
whatever the key. It is a net against mistakes, with holes: a name under another key looks like any other word, and a
row of digits without a sign of a phone number may be a customer's number.
"""

from collections.abc import Iterable
from functools import lru_cache

from histories.contract import Attribute
from serving.wire import personal_keys
from serving.wire.errors import Problem, RequestError, key_of
from serving.wire.personal_keys import PHONE, Said
from serving.wire.personal_values import digits, reads_like

# What a checkbox says: `do_not_email = "No"` and `mobile = "true"` are about no one's address.
_TICKS = {
    "", "true", "false", "yes", "no", "y", "n", "0", "1", "on", "off", "unknown", "none", "null", "n/a", "ja", "nee",
    "nein", "oui", "non",
}  # fmt: skip
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_REFUSED = "{why}; leave it out, or name it in LEAD_SCORING_ALLOW_PERSONAL where it is none"


def allowed(text: str) -> frozenset[str]:
    """Return the attributes that a comma-separated setting names.

    >>> sorted(allowed(" region_tel, mail ,"))
    ['mail', 'region_tel']
    """
    return frozenset(name for name in (part.strip() for part in text.split(",")) if name)


def refuse(attributes: Iterable[tuple[str, Iterable[Attribute]]], let_through: frozenset[str]) -> None:
    """Raise RequestError for the first attribute that holds personal data and is not let through.

    It names the attribute, never a value; and not even the key, where the key itself is an address or a number.
    """
    for name, values in attributes:
        if name in let_through:
            continue
        if _tells(name):
            raise _problem("has a key that is itself an e-mail address or a phone number", "attributes")
        by_key = personal_keys.said(name)
        for value in values:
            if by_key and _may_be(value.value, by_key):
                raise _problem(f"is taken for {by_key.what}", f"attributes.{key_of(name)}")
            if isinstance(value.value, str) and (found := reads_like(value.value)):
                raise _problem(f"holds what reads like {found}", f"attributes.{key_of(name)}")


@lru_cache(maxsize=4096)
def _tells(name: str) -> bool:
    """Tell whether a key is itself what it should name."""
    return reads_like(name) is not None


def _problem(why: str, field: str) -> RequestError:
    return RequestError(Problem.PERSONAL_DATA, _REFUSED.format(why=why), field)


def _may_be(value: str | float | None, said: Said) -> bool:
    """Tell whether a value may be what its key says; a count (`sessions_mobile = 12`) has too few digits."""
    if isinstance(value, str):
        if said.surely:
            return value.strip().lower() not in _TICKS
        return said.what == PHONE and digits(value) >= _FEWEST_DIGITS
    if value is None or said.what != PHONE or not said.surely:
        return False
    return value.is_integer() and 10 ** (_FEWEST_DIGITS - 1) <= abs(value) < 10**_MOST_DIGITS
