"""Names, e-mail addresses and phone numbers among a lead's attributes: no score needs them, so they are refused.

An attribute is refused for its key (`first_name`, `mobile`), or for a value that reads like an address or a number,
whatever the key. It is a net against mistakes, with holes: a name under another key looks like any other word, and a
row of digits without a leading 0 or + may be a customer's number.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from histories.contract import Attribute
from serving.wire.errors import Problem, RequestError

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+")
_WHOSE = (
    "first", "last", "full", "given", "family", "middle", "maiden", "nick", "birth", "legal", "preferred", "display",
    "contact", "lead", "person", "customer", "client", "prospect", "user",
)  # fmt: skip
_NAMES = {
    *(f"{whose} name" for whose in _WHOSE), *(f"{whose}name" for whose in _WHOSE), "surname", "forename",
    "voornaam", "achternaam", "vorname", "nachname", "prenom", "apellido", "apellidos", "cognome",
}  # fmt: skip
_ADDRESSES = {"email", "e mail", "email address", "e mail address", "mail address", "emailaddress", "emailadres"}
_NUMBERS = {
    "phone", "phone number", "phonenumber", "mobile", "mobile phone", "mobile number", "telephone", "telephone number",
    "cellphone", "cell phone", "tel", "fax", "fax number", "msisdn", "whatsapp", "telefoon", "telefoonnummer",
    "telefon", "telefonnummer", "handynummer",
}  # fmt: skip
_LONGEST = 3  # words of the phrases above
# What a checkbox says: `do_not_email = "No"` and `mobile = "true"` are about no one's address.
_TICKS = {"", "true", "false", "yes", "no", "y", "n", "0", "1", "on", "off", "unknown", "none", "null", "n/a"}
_MAIL = re.compile(r"[^\s@<>()\[\],;:\"]@[^\s@<>()\[\],;:\"]+\.[^\W\d_]{2,}")
# A country's code behind + or 00; a national number behind a 0; the North American groups. Never a part of a longer
# word, number, date or time.
_PHONE = re.compile(
    r"""(?<![\w+.,/-])
        (?: (?:\+|00)[1-9](?:[ .()/-]{0,3}\d){7,13}
          | \(?0[1-9](?:[ .()/-]{0,3}\d){7,9}
          | (?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}
        )(?![\w:]|[.,/-]\d)""",
    re.VERBOSE,
)
_DATE = re.compile(r"(?<![\d./-])\d{1,4}([./-])\d{1,2}\1\d{1,4}(?!\1?\d)")
_FEWEST_DIGITS = 7
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
        if _reads_like(name):
            raise _problem("has a key that is itself an e-mail address or a phone number", "attributes")
        by_key = _about(name)
        for value in values:
            if by_key and _is_more_than_a_tick(value.value, by_key):
                raise _problem(f"is taken for {by_key}", f"attributes.{name[:100]}")
            if isinstance(value.value, str) and (found := _reads_like(value.value)):
                raise _problem(f"holds what reads like {found}", f"attributes.{name[:100]}")


def _problem(why: str, field: str) -> RequestError:
    return RequestError(Problem.PERSONAL_DATA, _REFUSED.format(why=why), field)


@lru_cache(maxsize=4096)
def _about(name: str) -> str | None:
    """What a key says that its values are; None: nothing personal."""
    plain = unicodedata.normalize("NFKD", name)
    words = [word.lower() for word in _WORD.findall("".join(one for one in plain if not unicodedata.combining(one)))]
    ends = {" ".join(words[-count:]) for count in range(1, _LONGEST + 1)}
    if ends & _NAMES or words in (["name"], ["naam"]):
        return "a person's name"
    if ends & _ADDRESSES or words == ["mail"]:
        return "an e-mail address"
    if ends & _NUMBERS or words == ["cell"]:
        return "a phone number"
    return None


def _is_more_than_a_tick(value: str | float | None, about: str) -> bool:
    """Tell whether a value may be what its key says; a count (`sessions_mobile = 12`) has too few digits."""
    if isinstance(value, str):
        return value.strip().lower() not in _TICKS
    return value is not None and about == "a phone number" and abs(value) >= 10 ** (_FEWEST_DIGITS - 1)


def _reads_like(text: str) -> str | None:
    """What a text reads like, also in full-width letters and digits; None: nothing personal."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if "@" in plain and _MAIL.search(plain):
        return "an e-mail address"
    if sum(one.isdigit() for one in plain) >= _FEWEST_DIGITS and _PHONE.search(_DATE.sub(" ", plain)):
        return "a phone number"
    return None
