"""API keys and the file that has them: hashes, permissions and dates. A secret is shown once and kept nowhere."""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from histories import clock
from histories.errors import CallError, DataError, listed, nearest
from histories.whole_file import unwritten, whole_file
from serving.http.permission import Permission

PLACE = Path(".lead-scoring") / "keys.json"
_FORM = re.compile(r"ls_([0-9a-f]{12})_([0-9a-f]{64})")
_NOBODYS = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
_LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `sha256` of its secret, as hexadecimal digits. Times are UTC microseconds; None: not, or never."""

    id: str
    label: str
    permissions: frozenset[Permission]
    sha256: str
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None

    def ended(self, now: int) -> str | None:
        """Say why the key is no longer good; None where it is."""
        if self.revoked_at is not None:
            return f"was revoked at {clock.iso(self.revoked_at)}"
        if self.expires_at is not None and self.expires_at <= now:
            return f"expired at {clock.iso(self.expires_at)}"
        return None


@dataclass(frozen=True, slots=True)
class Made:
    """A new key, and what its owner sends: `ls_<id>_<secret>`, known here and now alone."""

    key: Key
    text: str = field(repr=False)


def add(path: Path, label: str, permissions: Iterable[Permission], now: int, expires_at: int | None = None) -> Made:
    """Make a key and write it into the file, which is made where there is none.

    Raises CallError for a label that does not name, no permission, an end that lies behind, or a place that cannot be
    written; DataError for a damaged file.
    """
    allowed = frozenset(permissions)
    if not label.strip() or not label.isprintable() or len(label) > _LONGEST_LABEL:
        raise CallError(
            f"label {label[:_LONGEST_LABEL]!r}: write 1 to {_LONGEST_LABEL} characters that name the caller"
        )
    if not allowed:
        raise CallError(f"a key without a permission is good for nothing; give it one of {listed(Permission)}")
    if expires_at is not None and expires_at <= now:
        raise CallError(
            f"the key would have expired at {clock.iso(expires_at)}; name a moment to come, or a span as 90d"
        )
    path = path.resolve()  # a link stays a link to the file that the service reads
    with _locked(path):
        keys = read(path)
        taken = {one.id for one in keys}
        id_ = next(one for one in iter(lambda: secrets.token_hex(6), "") if one not in taken)
        secret = secrets.token_hex(32)
        key = Key(id_, label.strip(), allowed, _hash(secret), now, expires_at)
        _write(path, (*keys, key))
    return Made(key, f"ls_{id_}_{secret}")


def revoke(path: Path, key_id: str, now: int) -> Key:
    """Mark a key as revoked and return it; one that was revoked before keeps its moment. A whole key names itself too.

    Raises CallError where there is no such key, DataError for a damaged file.
    """
    form = _FORM.fullmatch(key_id)
    wanted = form[1] if form else key_id
    if not path.exists():
        raise CallError(f"{path}: does not exist; `lead-scoring keys add` makes it with the first key")
    path = path.resolve()
    with _locked(path):
        keys = {one.id: one for one in read(path)}
        if wanted not in keys:
            hint = nearest(wanted, keys)
            raise CallError(f"key {wanted[:15]!r} is not in {path}; there are {listed(keys)}{hint}")
        key = keys[wanted]
        if key.revoked_at is None:
            key = replace(key, revoked_at=now)
            _write(path, (keys | {key.id: key}).values())
    return key


def read(path: Path) -> tuple[Key, ...]:
    """Return the keys in the file, in the order in which they were made; none where there is no file.

    Raises DataError for a file that cannot be read or says anything that is not a key.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"{path}: the keys cannot be read ({error.strerror}); let the service's user read it") from None
    return parse(path, text)


def parse(path: Path, text: bytes) -> tuple[Key, ...]:
    """Return the keys that a file's text has. Raises DataError, which names the place and never a value."""
    try:
        keys = tuple(_key(one) for one in _File.model_validate_json(text).keys)
        json.loads(text, object_pairs_hook=_once)  # of two lists of keys the model took the last
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"{place}: {first['msg']}" if place else first["msg"]) from None
    except CallError as error:
        raise _damaged(path, str(error)) from None
    if len({one.id for one in keys}) < len(keys):
        raise _damaged(path, "an id is there twice")
    return keys


def _once(pairs: list[tuple[str, object]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise CallError("an object names a key twice")


def claimed(keys: Mapping[str, Key], text: str) -> Key | None:
    """Return the key that a presented text is, None where it is none. It takes the same time whatever is sent."""
    form = _FORM.fullmatch(text)
    found = keys.get(form[1]) if form else None
    presented = _hash(form[2] if form else text)
    right = hmac.compare_digest(presented, found.sha256 if found else _NOBODYS)
    return found if right else None


def _hash(secret: str) -> str:
    # A secret of 256 random bits cannot be guessed from its hash: a slow password hash would only cost time.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    label: Annotated[str, Field(min_length=1, max_length=_LONGEST_LABEL)]
    permissions: Annotated[list[Permission], Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created_at: str
    expires_at: str | None = None
    revoked_at: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    keys: list[_Stored]


def _key(one: _Stored) -> Key:
    return Key(
        id=one.id,
        label=one.label,
        permissions=frozenset(one.permissions),
        sha256=one.sha256,
        created_at=clock.parse(one.created_at),
        expires_at=None if one.expires_at is None else clock.parse(one.expires_at),
        revoked_at=None if one.revoked_at is None else clock.parse(one.revoked_at),
    )


def _write(path: Path, keys: Iterable[Key]) -> None:
    stored = [
        _Stored(
            id=one.id,
            label=one.label,
            permissions=sorted(one.permissions),
            sha256=one.sha256,
            created_at=clock.iso(one.created_at),
            expires_at=clock.iso_or_none(one.expires_at),
            revoked_at=clock.iso_or_none(one.revoked_at),
        ).model_dump(mode="json")
        for one in keys
    ]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with whole_file(path) as unfinished, os.fdopen(os.open(unfinished, flags, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        json.dump({"keys": stored}, file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())  # a file that a power cut emptied would refuse everybody


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time read, change and write the file; the lock is another, since this one is replaced."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.with_name(f".{path.name}.lock").open("a")
    except OSError as error:
        raise unwritten(path, error) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path}: is no file of keys ({why}); put its last good copy back")
