"""What a text reads like, whatever its key: an e-mail address or a phone number.

A phone number has 8 to 15 digits, as E.164 has, and is known by one of three signs: a + or 00 in front (a + with nothing
between the digits wants 10 of them, and 00 wants a separator somewhere), an area code in parentheses, or a word such as
`tel` before it. All else may be an order, an article or an amount, and passes.
"""

import re
import unicodedata

from serving.wire.personal_keys import MAIL, PHONE

_LOCAL = r"\w.!#$%&'*+^`{|}~-"
# Never behind a slash, where it is a handle or a login in an address of the web; and the last label has no digits.
_MAIL = re.compile(
    rf"(?<![/{_LOCAL}])[{_LOCAL}]+ {{0,3}}@ {{0,3}}(?:[\w-]+\.)+(?:xn--[\w-]+|[^\W\d_]{{2,}})(?!\.?[\w-])"
)
_PHONE = re.compile(
    r"""(?: (?<![\w+.,/-]) (?:
                (?P<sign>\+|00)[ .-]{0,3}(?P<code>\(?[1-9](?:[ .()/-]{0,3}\d){7,14})
              | (?P<area>(?:\d{1,3}[ -]?)?\((?!(?:19|20)\d\d\))\d{1,5}\)(?:[ ./-]{0,3}\d){4,14}))
          | (?<![^\W_]) (?:tele(?:ph|f)one?|telefoon|tel|phone|ph|mobile|mob|cell|fax|call|gsm|whatsapp|celular|handy)
            (?:[ .:#-]{0,3}(?:no|nr|number)(?![^\W\d_]))?[ .:#-]{0,3}
            (?P<called>\+?\(?\d(?:[ .()/-]{0,3}\d){7,14})
        )(?:[ ]?(?:x|ext)[ .]{0,2}\d{1,6})?(?!\w|[:.,/-]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"(?<![\d./-])\d{1,4}([./-])\d{1,2}\1\d{1,4}(?!\1?\d)")
_FEWEST, _MOST, _FEWEST_TOGETHER = 8, 15, 10
_INVISIBLE, _DASHES, _SPACES = "Cf", "Pd", "Zs"


def reads_like(text: str) -> str | None:
    """Return what a text reads like, in the letters and digits of any script; None: nothing personal.

    >>> reads_like("jane%40example.org"), reads_like("Tel-0612345678"), reads_like("0012345678905")
    ('an e-mail address', 'a phone number', None)
    """
    plain = (text if text.isascii() else _folded(text)).replace("%40", "@")
    if "@" in plain and _MAIL.search(plain):
        return MAIL
    if digits(plain) >= _FEWEST and any(map(_is_phone, _PHONE.finditer(_DATE.sub(" ", plain)))):
        return PHONE
    return None


def digits(text: str) -> int:
    """Return how many decimal digits a text has, of whatever script."""
    return len(_DIGIT.findall(text))


def _is_phone(found: re.Match[str]) -> bool:
    number = found["code"] or found["area"] or found["called"]
    count = digits(number)
    if found["code"] and number.isdecimal() and found["sign"] == "+":
        return _FEWEST_TOGETHER <= count <= _MOST
    if found["code"] and found[0][2:].isdecimal():
        return False
    return _FEWEST <= count <= _MOST


def _folded(text: str) -> str:
    return "".join(map(_plain, unicodedata.normalize("NFKC", text)))


def _plain(one: str) -> str:
    if one.isdecimal():
        return str(unicodedata.digit(one))
    category = unicodedata.category(one)
    if category == _INVISIBLE:
        return ""
    if category == _DASHES or one == "\u2212":
        return "-"
    if category == _SPACES:
        return " "
    return "." if one == "\u3002" else one
