"""Settings come from the environment alone, are checked there, and every one of them is documented."""

import re
from pathlib import Path

import pytest

from histories.errors import CallError
from serving import settings
from serving.secret import Secret

ROOT = Path(__file__).parents[2]


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings.read({}) == settings.Settings()
    assert settings.read({"LEAD_SCORING_PORT": "  "}) == settings.Settings()


def test_every_setting_is_read_with_its_type() -> None:
    read = settings.read(
        {
            "LEAD_SCORING_MODEL": "lead_scoring:0123456789ab",
            "LEAD_SCORING_RULEBOOK": "rules/next.toml",
            "LEAD_SCORING_HOST": "192.0.2.7",
            "LEAD_SCORING_PORT": "8080",
            "LEAD_SCORING_WORKERS": "2",
            "LEAD_SCORING_THREADS": "3",
            "LEAD_SCORING_TIMEOUT_SECONDS": "2.5",
            "LEAD_SCORING_MAX_WAITING": "0",
            "LEAD_SCORING_MAX_BODY_BYTES": "1000",
            "LEAD_SCORING_MAX_INTERACTIONS": "50",
            "LEAD_SCORING_ALLOW_PERSONAL": "contact, phone",
            "LEAD_SCORING_KEYS": "/etc/keys.json",
            "LEAD_SCORING_REQUESTS_PER_MINUTE": "60",
            "LEAD_SCORING_OPEN_METRICS": "true",
            "LEAD_SCORING_OPEN_DOCS": "false",
            "LEAD_SCORING_REQUEST_LOG": "/var/log/rows",
            "LEAD_SCORING_REQUEST_LOG_BYTES": "1000000",
            "LEAD_SCORING_DEPLOYMENT": "/var/deployment",
            "LEAD_SCORING_STORE": "sqlite:////var/store.db",
        }
    )
    assert read == settings.Settings(
        model="lead_scoring:0123456789ab",
        rulebook=Path("rules/next.toml"),
        host="192.0.2.7",
        port=8080,
        workers=2,
        threads=3,
        timeout_seconds=2.5,
        max_waiting=0,
        max_body_bytes=1000,
        max_interactions=50,
        allow_personal="contact, phone",
        keys=Path("/etc/keys.json"),
        requests_per_minute=60,
        open_metrics=True,
        open_docs=False,
        request_log=Path("/var/log/rows"),
        request_log_bytes=1_000_000,
        deployment=Path("/var/deployment"),
        store=Secret("sqlite:////var/store.db"),
    )


def test_the_stores_url_is_in_no_text_that_settings_give() -> None:
    read = settings.read({"LEAD_SCORING_STORE": "postgresql://me:open-sesame@db/crm"})
    assert read.store.text == "postgresql://me:open-sesame@db/crm"
    assert "sesame" not in f"{read} {read!r} {read.store} {read.store!r}"
    assert not settings.read({}).store


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "http", "'http' is not a whole number from 1 to 65535; the default is 3000"),
        ("PORT", "0", "'0' is not a whole number from 1 to 65535; the default is 3000"),
        ("THREADS", "1.5", "'1.5' is not a whole number from 1 to 64; the default is 2"),
        ("OPEN_METRICS", "yes", "'yes' is neither true nor false; the default is false"),
        ("REQUESTS_PER_MINUTE", "0", "'0' is not a whole number from 1 to 1000000; the default is 3000"),
        ("TIMEOUT_SECONDS", "nan", "'nan' is not a number from 0.1 to 600; the default is 30.0"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(variable: str, value: str, message: str) -> None:
    with pytest.raises(CallError, match=f"^{re.escape(f'LEAD_SCORING_{variable}: {message}')}$"):
        settings.read({f"LEAD_SCORING_{variable}": value})


@pytest.mark.parametrize("page", ["README.md", "docs/serving.md"])
def test_a_page_documents_every_setting_with_its_default_and_no_other(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(LEAD_SCORING_\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    expected = [
        (one.variable, f"`{one.default}`" if one.default else "none", one.meaning) for one in settings.described()
    ]
    assert rows == expected
