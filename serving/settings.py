"""What the service may be told from outside: environment variables, read once when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, get_type_hints

from histories.errors import CallError
from serving.secret import Secret


@dataclass(frozen=True, slots=True)
class Setting:
    """What a setting means, and the bounds of one that is a number."""

    meaning: str
    least: float = 0
    most: float = 0


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable: `LEAD_SCORING_` and the field's name in capitals."""

    model: Annotated[str, Setting("tag of the packed bundle in BentoML's model store")] = "lead_scoring:latest"
    rulebook: Annotated[Path | None, Setting("a rulebook.toml that takes the place of the packed one")] = None
    host: Annotated[str, Setting("address to listen on; 127.0.0.1 is reachable from this machine only")] = "127.0.0.1"
    port: Annotated[int, Setting("port to listen on", 1, 65535)] = 3000
    workers: Annotated[int, Setting("processes that answer; each holds the bundle", 1, 64)] = 1
    threads: Annotated[int, Setting("requests that one process scores at a time; others wait", 1, 64)] = 2
    timeout_seconds: Annotated[float, Setting("a request that takes longer is answered with 504", 0.1, 600)] = 30.0
    max_waiting: Annotated[
        int, Setting("requests that may wait in one process; one more is answered with 503", 0, 100_000)
    ] = 64
    max_body_bytes: Annotated[int, Setting("a longer body is answered with 413", 1_000, 2**30)] = 16_777_216
    max_interactions: Annotated[
        int, Setting("a lead with more interactions, its account's included, is refused", 1, 1_000_000)
    ] = 10_000
    allow_personal: Annotated[
        str, Setting("attributes that may hold what reads like a name, an address or a number, with commas between")
    ] = ""
    keys: Annotated[Path | None, Setting("the file of API keys; without a key only this machine is answered")] = None
    requests_per_minute: Annotated[
        int,
        Setting(
            "requests of one key; each process lets its share through, one more is answered with 429", 1, 1_000_000
        ),
    ] = 3_000
    open_metrics: Annotated[bool, Setting("true: /metrics needs no key")] = False
    open_docs: Annotated[bool, Setting("true: /docs.json needs no key")] = False
    request_log: Annotated[
        Path | None,
        Setting("a folder for the feature rows behind the answers, for `features --replay`; lead ids are in it"),
    ] = None
    request_log_bytes: Annotated[
        int, Setting("the log's files together stay under this; the oldest are removed", 1_000_000, 2**50)
    ] = 1_073_741_824
    deployment: Annotated[
        Path | None,
        Setting("a folder that `lead-scoring deploy` writes to, and whose model takes the packed one's place"),
    ] = None
    store: Annotated[
        Secret, Setting("URL of the history store, `sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`")
    ] = Secret()  # noqa: RUF009  # frozen
    webhook_url: Annotated[
        Secret, Setting("where webhooks go when leads cross a line; https, or http on this machine")
    ] = Secret()  # noqa: RUF009  # frozen
    webhook_secret: Annotated[
        Secret, Setting("what signs them: `whsec_` and base64; where there are two, with a space between, both sign")
    ] = Secret()  # noqa: RUF009  # frozen
    public_url: Annotated[
        str, Setting("the address at which others reach the service, as https://scores.example.com: HubSpot signs it")
    ] = ""
    hubspot_secret: Annotated[
        Secret, Setting("client secret of the HubSpot app whose webhooks come to /v1/hubspot")
    ] = Secret()  # noqa: RUF009  # frozen
    hubspot_attributes: Annotated[
        str,
        Setting(
            "HubSpot's properties that training knows by another name, as numberofemployees=employees, with commas between"
        ),
    ] = ""


@dataclass(frozen=True, slots=True)
class Described:
    """A setting as the documentation has it: variable, default (empty: none) and meaning."""

    variable: str
    default: str
    meaning: str


def described() -> tuple[Described, ...]:
    """Return every setting, for the documentation and the test that holds it."""
    settings = _settings()
    return tuple(
        Described(_variable(one.name), "" if one.default is None else _text(one.default), settings[one.name].meaning)
        for one in fields(Settings)
    )


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings that the environment names, defaults for the others. Raises CallError for a bad value.

    An empty variable counts as absent.

    >>> read({"LEAD_SCORING_THREADS": "4"}).threads
    4
    """
    settings, found = _settings(), {}
    for one in fields(Settings):
        text = environment.get(_variable(one.name), "").strip()
        if text:
            found[one.name] = _value(_variable(one.name), text, one.default, settings[one.name])
    return Settings(**found)  # type: ignore[arg-type]  # each value has the type of its default


def _settings() -> dict[str, Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def _variable(name: str) -> str:
    return f"LEAD_SCORING_{name.upper()}"


def _value(variable: str, text: str, default: object, setting: Setting) -> object:
    if default is None:
        return Path(text)
    if isinstance(default, bool):
        return _yes_or_no(variable, text)
    if isinstance(default, str | Secret):
        return type(default)(text)
    try:
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        number = None
    if number is None or not setting.least <= number <= setting.most:
        kind = "a whole number" if isinstance(default, int) else "a number"
        bounds = f"from {setting.least:.12g} to {setting.most:.12g}"
        raise CallError(f"{variable}: {text!r} is not {kind} {bounds}; the default is {default}")
    return number


def _yes_or_no(variable: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise CallError(f"{variable}: {text!r} is neither true nor false; the default is false")
    return text == "true"


def _text(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
