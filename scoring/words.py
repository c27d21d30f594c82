"""Numbers, ages and names of signals in words, as reasons need them."""

import math
import re

from histories.clock import DAY, HOUR, MINUTE

_PLAIN = re.compile(r"[a-z][a-z ]*")
_READABLE = 1e15
_PARTICIPLE = re.compile(r".+(?:[a-z]ed| sent)")  # `call answered`: what was done, of which there is no plural
_VISITS = ("session:", "page:", "visit:")


def number(value: float) -> str:
    """Write a number with at most three digits behind the point and no more than are needed.

    >>> number(3.0), number(1234.5678), number(0.2), number(-1.5e300)
    ('3', '1,234.57', '0.2', '-1.5e+300')
    """
    value = float(value)  # numpy's own rounding overflows where numbers are very large
    if not math.isfinite(value):
        return "unknown"
    if abs(value) >= _READABLE:
        return f"{value:.4g}"
    digits = 2 if abs(value) >= 10 else 3
    return f"{round(value, digits):,.{digits}f}".rstrip("0").rstrip(".") or "0"


def counted(value: float, label: str) -> str:
    """Write how many of something there were.

    >>> counted(2, "pricing page visit"), counted(1, "reply"), counted(0, "reply"), counted(2, "W_Bellen")
    ('2 pricing page visits', '1 reply', 'No reply', '2 x W_Bellen')
    >>> counted(2, "call answered"), counted(3, "email sent")
    ('2 x call answered', '3 x email sent')
    """
    if value == 0:
        return f"No {label}"
    if value == 1:
        return f"1 {label}"
    return (
        f"{number(value)} {plural(label)}"
        if _PLAIN.fullmatch(label.replace("-", " ")) and not _PARTICIPLE.fullmatch(label)
        else f"{number(value)} x {label}"
    )


def plural(label: str) -> str:
    """Write an English plural; what was done has none.

    >>> plural("reply"), plural("call"), plural("contact with others"), plural("call answered")
    ('replies', 'calls', 'contacts with others', 'call answered')
    """
    if _PARTICIPLE.fullmatch(label):
        return label
    head = re.fullmatch(r"(.+?)( (?:by|with) .+)", label)
    if head:
        return plural(head[1]) + head[2]
    if label.endswith("y") and label[-2:-1] not in set("aeiou"):
        return f"{label[:-1]}ies"
    return f"{label}es" if label.endswith(("s", "x", "ch", "sh")) else f"{label}s"


def kind(name: str) -> str:
    """Say a CRM's kind in words; one that is written like nothing in particular stays as it is.

    >>> kind("session:pricing_page"), kind("email_open"), kind("W_Nabellen offertes-COMPLETE")
    ('pricing page visit', 'email open', 'W_Nabellen offertes-COMPLETE')
    """
    for prefix in _VISITS:
        if name.startswith(prefix) and name != prefix:
            return f"{kind(name.removeprefix(prefix))} visit"
    words = re.sub(r"[_:]+", " ", name).strip()
    return words if _PLAIN.fullmatch(words) else name


def family(name: str) -> str:
    """Say what counts for a family.

    >>> family("two_way")
    'two-way interaction'
    """
    return f"{name.replace('_', '-')} interaction"


def pattern(glob: str) -> str:
    """Say a kind, or what kinds that a pattern takes have in common.

    >>> pattern("demo_request"), pattern("session:*"), pattern("demo_*"), pattern("*")
    ('demo request', 'visit', 'demo interaction', 'interaction')
    """
    if "*" not in glob:
        return kind(glob)
    if glob.rstrip("*") in _VISITS:
        return "visit"
    return f"{kind(glob.replace('*', ' ').strip(' _:-'))} interaction".lstrip()


def span(days: float) -> str:
    """Write a time in days as days, hours or minutes.

    >>> span(3.2), span(1.0), span(0.1), span(0.001)
    ('3 days', '1 day', '2 hours', '1 minute')
    """
    amount, unit = days, "day"
    if days < 1:
        amount, unit = (days * DAY / HOUR, "hour") if days * DAY >= HOUR else (days * DAY / MINUTE, "minute")
    whole = int(amount)
    return f"{whole} {unit}{'' if whole == 1 else 's'}"


def within(window: str) -> str:
    """Write a window.

    >>> within("7d"), within("1d"), within("all")
    ('in 7 days', 'in 1 day', 'so far')
    """
    days = window.removesuffix("d")
    return "so far" if window == "all" else f"in {days} day{'' if days == '1' else 's'}"


def points(hundredths: int) -> str:
    """Write points.

    >>> points(2000), points(437), points(-100)
    ('20 points', '4.37 points', '-1 point')
    """
    return f"{number(hundredths / 100)} point{'' if abs(hundredths) == 100 else 's'}"


def attribute(name: str) -> str:
    """Say an attribute's name in words.

    >>> attribute("company_size")
    'Company size'
    """
    words = re.sub(r"[_:.]+", " ", name).strip() or name
    return words[:1].upper() + words[1:]
