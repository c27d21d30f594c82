"""What the key of an attribute says of its values: that they are a person's name, e-mail address or phone number.

A key is judged by its words, as the CRMs write them: `FirstName`, `Mobile_Phone__c`, `emailaddress1`, `prénom`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

NAME, MAIL, PHONE = "a person's name", "an e-mail address", "a phone number"

_CUSTOM = re.compile(r"__(?:p?c|r)$", re.IGNORECASE)  # how Salesforce marks fields that are not its own
_POSSESSIVE = re.compile(r"['\u2019]s\b")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+")
_FILLERS = {
    "no", "nr", "num", "number", "main", "work", "home", "value", "field", "legal", "text", "primary", "private",
}  # fmt: skip
_PLURALS = {"names": "name", "phones": "phone", "telephones": "telephone", "emails": "email", "mails": "mail"}
_WHOSE = (
    "first", "last", "full", "given", "family", "middle", "maiden", "nick", "birth", "preferred", "display", "contact",
    "person", "lead", "prospect", "user", "manager", "assistant", "spouse", "spouses",
)  # fmt: skip
_JOINED = tuple(f"{whose}name" for whose in _WHOSE)
_NAMES = {
    *(f"{whose} name" for whose in _WHOSE), "surname", "forename", "fname", "lname", "voornaam", "achternaam",
    "vorname", "nachname", "prenom", "apellido", "apellidos", "cognome", "contactpersoon", "contact person",
    "contactperson", "nom de famille", "nombre completo",
}  # fmt: skip
_NAMES_ALONE = {"name", "naam", "nom", "nombre"}
# A company and a thing have some of these names too.
_OF_THINGS = {"full name", "family name", "display name", "preferred name", "nick name"}
_THINGS = {"company", "account", "product", "campaign", "domain", "organization", "organisation", "brand", "plan"}
_ADDRESSES = {
    "email address", "e mail address", "mail address", "emailaddress", "emailadres", "correo electronico", "courriel",
}  # fmt: skip
_MAILS = {"email", "e mail", "correo"}
_WHOSE_MAIL = {
    "work", "home", "personal", "private", "business", "company", "corporate", "office", "main", "primary", "secondary",
    "alternate", "alternative", "additional", "other", "contact", "person", "lead", "user", "customer", "client",
    "prospect", "manager", "assistant", "spouse", "my",
}  # fmt: skip
_PHONES = {
    "phone", "telephone", "phonenumber", "mobilephone", "workphone", "homephone", "cellphone", "officephone",
    "managerphone", "assistantphone", "fax", "tel", "gsm", "msisdn", "whatsapp", "telefoon", "telefoonnummer",
    "telefon", "telefonnummer", "handynummer", "celular", "telefono", "telefonos",
}  # fmt: skip
_USES = {
    "do", "not", "dont", "opt", "optin", "optout", "consent", "permission", "allow", "allowed", "marketing", "touch",
    "channel", "by", "via", "from", "os", "device", "smart", "revenue", "sessions", "visits", "clicks", "calls", "source",
}  # fmt: skip
_LONGEST = 3  # words of the phrases above


class Said(NamedTuple):
    """What a key says. `surely`: of any text that is no checkbox; otherwise only of one that has the look of it."""

    what: str
    surely: bool


@lru_cache(maxsize=4096)
def said(name: str) -> Said | None:
    """Return what a key says that its values are; None: nothing personal.

    >>> said("PersonMobilePhone__pc")
    Said(what='a phone number', surely=True)
    >>> said("Marketing Email"), said("company_name")
    (Said(what='an e-mail address', surely=False), None)
    """
    words = _words(name)
    ends = {" ".join(words[-count:]) for count in range(1, _LONGEST + 1)}
    use = not _USES.isdisjoint(words)
    if _is_name(words, ends):
        return Said(NAME, True)
    if ends & _ADDRESSES or words == ["mail"]:
        return Said(MAIL, not use)
    if found := ends & _MAILS:
        before = words[: -len(max(found, key=len).split())]
        return Said(MAIL, not use and (not before or before[-1] in _WHOSE_MAIL))
    if ends & _PHONES or words == ["cell"]:
        return Said(PHONE, not use)
    return Said(PHONE, False) if words[-1:] == ["mobile"] and not use else None


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", _CUSTOM.sub("", name.strip())))
    letters = "".join(one for one in plain if not unicodedata.combining(one) and unicodedata.category(one) != "Cf")
    words = [word.lower() for word in _WORD.findall(letters)]
    while len(words) > 1 and words[-1] in _FILLERS:
        words.pop()
    return [_PLURALS.get(word, word) for word in words]


def _is_name(words: list[str], ends: set[str]) -> bool:
    if len(words) == 1:
        return words[0] in _NAMES_ALONE or words[0] in _NAMES or words[0].endswith(_JOINED)
    if ends & _OF_THINGS:
        return words[-3:-2] == [] or words[-3] not in _THINGS
    return bool(ends & _NAMES) or (bool(words) and words[-1].endswith(_JOINED))
