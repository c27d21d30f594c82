"""Who may ask, and how often: decided from a request's head, before anything of its body is read."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from serving.http import here, keys
from serving.http.gate import Scope
from serving.http.keyring import Keyring
from serving.http.permission import Permission
from serving.http.rate import RateLimit
from serving.wire.errors import Problem, RequestError

_SECOND = 1_000_000_000


@dataclass(slots=True)
class Asking:
    """What is known of a request beside its content. `key_id`: its key's, None where there was none or a wrong one."""

    request_id: str
    key_id: str | None = None


class Access:
    """Lets those in who show a key, and without any key those on this machine.

    `wall` gives UTC microseconds, `monotonic` nanoseconds of a clock that never goes back. What is kept is one number
    for each key in the file, whatever strangers send.
    """

    def __init__(self, ring: Keyring, limit: RateLimit, wall: Callable[[], int], monotonic: Callable[[], int]) -> None:
        self._ring, self._limit, self._wall, self._monotonic = ring, limit, wall, monotonic

    def admit(self, scope: Scope, permission: Permission, asking: Asking) -> None:
        """Return if the request may go on, and note its key's id. Raises RequestError: 401, 403, 429, 503."""
        known = self._ring.keys()
        if not known:
            here.refuse_outsiders(scope)
            return
        key = keys.claimed(known, _presented(scope))
        if key is None:
            raise _unauthorized("the key is not one of this service's; send it whole, as it was shown when it was made")
        asking.key_id = key.id
        ended = key.ended(self._wall())
        if ended is not None:
            raise _unauthorized(f"the key {ended}; ask for a new one")
        if permission not in key.permissions:
            message = f"the key does not have the permission {permission}; send one that has"
            raise RequestError(Problem.FORBIDDEN, message)
        self._pace(key.id)

    def refuse_strangers(self, scope: Scope) -> None:
        """Raise RequestError where whoever asks would be refused whatever key they showed: so `/readyz` tells."""
        if not self._ring.keys():
            here.refuse_outsiders(scope)

    def announce(self) -> None:
        """Say in the log who is answered."""
        with contextlib.suppress(RequestError):
            self._ring.keys()

    def _pace(self, key_id: str) -> None:
        wait = self._limit.take(key_id, self._monotonic())
        if wait:
            seconds = -(-wait // _SECOND)
            message = f"the key asks too often; try again in {seconds} s, or send more leads at a time to /v1/predict"
            raise RequestError(Problem.RATE_LIMITED, message, headers=(("retry-after", str(seconds)),))


def _presented(scope: Scope) -> str:
    """Return the one key that the headers show. Raises RequestError where there is none, or several."""
    shown: set[str] = set()
    for name, value in scope["headers"]:
        text = value.decode("latin-1").strip()
        scheme, _, rest = text.partition(" ")
        if name.lower() == b"x-api-key":
            shown.add(text)
        elif name.lower() == b"authorization" and scheme.lower() == "bearer":
            shown.add(rest.strip())
    if not shown:
        raise _unauthorized("send a key, as Authorization: Bearer <key> or as X-API-Key: <key>")
    if len(shown) > 1:
        raise _unauthorized("the headers show several keys; send one")
    return shown.pop()


def _unauthorized(message: str) -> RequestError:
    challenge = (("www-authenticate", 'Bearer realm="lead-scoring"'),)
    return RequestError(Problem.UNAUTHORIZED, message, headers=challenge)
