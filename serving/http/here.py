"""Whether a request was sent on this machine, to this machine, by nobody else's order: what counts without a key."""

import re

from serving.http.gate import Scope
from serving.wire.errors import Problem, RequestError

_HERE = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
_HOST = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\]|\[::ffff:127\.0\.0\.1\])(?::[0-9]{1,5})?", re.IGNORECASE)
# What proxies and content networks add to what they pass on; whatever begins with x-forwarded is refused too.
_PASSED_ON = frozenset(
    {
        b"forwarded",
        b"forwarded-for",
        b"via",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-original-host",
        b"x-original-forwarded-for",
        b"x-original-url",
        b"x-rewrite-url",
        b"x-envoy-external-address",
        b"x-azure-clientip",
        b"x-appengine-user-ip",
        b"x-amzn-trace-id",
        b"true-client-ip",
        b"client-ip",
        b"fastly-client-ip",
        b"fly-client-ip",
        b"cf-connecting-ip",
        b"cf-ray",
        b"cdn-loop",
        b"proxy-connection",
        b"max-forwards",
    }
)
_FORWARDED = b"x-forwarded"
_OWN_SITES = frozenset({b"same-origin", b"none"})


def refuse_outsiders(scope: Scope) -> None:
    """Raise RequestError (403) unless this machine itself asks.

    A proxy passes on what others send, a web page may have its own name lead here (DNS rebinding), and a page of
    another site may have a browser on this machine ask: none of them is this machine asking.
    """
    client, headers = scope.get("client"), [(name.lower(), value) for name, value in scope["headers"]]
    from_here = client is not None and client[0] in _HERE
    if not from_here or _passed_on(headers) or not _addressed_here(headers) or _from_a_page(headers):
        message = (
            "the service has no keys and answers its own machine alone; make one there with `lead-scoring keys add`"
        )
        raise RequestError(Problem.FORBIDDEN, message)


def _passed_on(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name in _PASSED_ON or name.startswith(_FORWARDED) for name, _ in headers)


def _addressed_here(headers: list[tuple[bytes, bytes]]) -> bool:
    hosts = _values(headers, b"host")
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def _from_a_page(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a browser says that the page of another origin asks. Nothing but a browser says so at all."""
    (host,) = _values(headers, b"host")
    own = {b"http://" + host.lower(), b"https://" + host.lower()}
    return any(one.lower() not in own for one in _values(headers, b"origin")) or any(
        one.lower() not in _OWN_SITES for one in _values(headers, b"sec-fetch-site")
    )


def _values(headers: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value.strip() for name, value in headers if name == wanted]
