"""Every way in which a request can go wrong, and the one envelope that says so."""

import re
from dataclasses import dataclass
from enum import Enum

_NAME = re.compile(r"[^\W\d][\w .'()/&%#?:-]{0,63}")  # what fields are called; no address, and no phone number


class Problem(Enum):
    """A kind of error: its `code` in the envelope and its HTTP status. A client may branch on the code."""

    INVALID_JSON = ("invalid_json", 400)
    INCOMPLETE_BODY = ("incomplete_body", 400)
    INVALID_REQUEST = ("invalid_request", 400)
    INVALID_LEAD = ("invalid_lead", 400)
    PERSONAL_DATA = ("personal_data", 400)
    UNKNOWN_LEAD = ("unknown_lead", 400)
    SUPPRESSED = ("suppressed", 400)
    INVALID_HTTP = ("invalid_http", 400)
    UNAUTHORIZED = ("unauthorized", 401)
    FORBIDDEN = ("forbidden", 403)
    NO_STORE = ("no_store", 404)
    NOT_FOUND = ("not_found", 404)
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405)
    BODY_TOO_LARGE = ("body_too_large", 413)
    UNSUPPORTED_MEDIA_TYPE = ("unsupported_media_type", 415)
    RATE_LIMITED = ("rate_limited", 429)
    INTERNAL = ("internal", 500)
    NOT_READY = ("not_ready", 503)
    BUSY = ("busy", 503)
    KEYS_UNREADABLE = ("keys_unreadable", 503)
    STORE_UNAVAILABLE = ("store_unavailable", 503)
    TIMEOUT = ("timeout", 504)

    @property
    def code(self) -> str:
        """The word that the envelope carries."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.value[1]


@dataclass(eq=False)  # not frozen: a context manager that an exception passes through sets its traceback
class RequestError(Exception):
    """A request that cannot be answered. The message never repeats what was sent; `field` says where it was.

    `field` is a path such as `leads[3].interactions[0].occurred_at`; None where the whole request is meant. A key that
    the sender chose stands in it as `key_of` writes it.
    `code` overrides the problem's own, for errors that another room has named. `headers` go with the answer.
    """

    problem: Problem
    message: str
    field: str | None = None
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message

    def envelope(self, request_id: str) -> dict[str, dict[str, str | None]]:
        """Return the body that every error answer has."""
        return {
            "error": {
                "code": self.code or self.problem.code,
                "message": self.message,
                "field": self.field,
                "request_id": request_id,
            }
        }


def key_of(key: str) -> str:
    """Return a key that the sender chose as a path may show it: itself where it looks like a field's name, else `…`.

    >>> key_of("Annual Revenue"), key_of("jane.roe@example.org"), key_of("0612345678")
    ('Annual Revenue', '…', '…')
    """
    return key if _NAME.fullmatch(key) else "…"
