"""HubSpot's v3 signature: that a request comes from HubSpot, as it was sent, within the last five minutes.

The signature is base64 of HMAC-SHA256, under the app's client secret, of method, URI, body and timestamp without
anything between them. HubSpot signs the URI with some characters decoded, and those alone.
(developers.hubspot.com, "Validating requests from HubSpot", read in November 2026.)
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from histories import clock
from serving.http.gate import Scope
from serving.secret import Secret
from serving.wire.errors import Problem, RequestError

SIGNATURE, TIMESTAMP = b"x-hubspot-signature-v3", b"x-hubspot-request-timestamp"
_DECODED = {f"%{ord(one):02X}": one for one in ":/?@!$'()*,;"}
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)
_MILLISECONDS = re.compile(rb"\d{13}")
_OLDEST = 5 * clock.MINUTE


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request's head says of who sent it; `uri` as HubSpot signs it."""

    method: str
    uri: str
    timestamp: bytes
    signature: bytes


def claimed(scope: Scope, public_url: str, now: int) -> Signed:
    """Return what the head claims, before the body is read. `public_url` is where HubSpot reaches the service.

    `now` in UTC microseconds. Raises RequestError (401) where there is no claim, or one of another time.
    """
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.lower(), []).append(value.strip())
    signatures, timestamps = found.get(SIGNATURE, []), found.get(TIMESTAMP, [])
    if len(signatures) != 1 or len(timestamps) != 1 or not _MILLISECONDS.fullmatch(timestamps[0]):
        raise _refused("the request has no X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp of HubSpot's form")
    if abs(now - int(timestamps[0]) * 1000) > _OLDEST:
        raise _refused("the request was signed more than 5 minutes from now; look at the clock of this machine")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    uri = f"{public_url.rstrip('/')}{path}{'?' if query else ''}{query}"
    return Signed(scope["method"], decoded(uri), timestamps[0], signatures[0])


def refuse_others(signed: Signed, body: bytes, secret: Secret) -> None:
    """Raise RequestError (401) unless the signature is that of this head and body, compared in constant time."""
    text = signed.method.encode() + signed.uri.encode() + body + signed.timestamp
    wanted = base64.b64encode(hmac.digest(secret.text.encode(), text, hashlib.sha256))
    if not hmac.compare_digest(wanted, signed.signature):
        raise _refused(
            "the signature is not that of this request; LEAD_SCORING_HUBSPOT_SECRET is the app's client secret, and "
            "LEAD_SCORING_PUBLIC_URL the address at which HubSpot reaches this service"
        )


def decoded(uri: str) -> str:
    """Return a URI as HubSpot signs it.

    >>> decoded("https://x.org/v1/hubspot?a=%3a%2F%40&b=%20%25")
    'https://x.org/v1/hubspot?a=:/@&b=%20%25'
    """
    return _ENCODED.sub(lambda one: _DECODED[one[0].upper()], uri)


def _refused(message: str) -> RequestError:
    return RequestError(Problem.UNAUTHORIZED, message, headers=(("www-authenticate", "HubSpot-Signature-v3"),))
