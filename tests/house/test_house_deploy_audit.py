"""What is known of locked packages is told; what is accepted has a reason and an end; silence is no answer."""

import os
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from deploy.audit import Finding, accepted, findings, left

ROOT = Path(__file__).parents[2]
ENTRY = """
[[accepted]]
id = "CVE-2026-1"
package = "mlflow"
reason = "no server of ours has that page"
since = 2026-11-01
until = 2026-12-01
"""
REPORT: dict[str, list[dict[str, object]]] = {
    "dependencies": [
        {"name": "bentoml", "version": "1.4.39", "vulns": []},
        {
            "name": "mlflow",
            "version": "3.17.2",
            "vulns": [{"id": "GHSA-1", "aliases": ["CVE-2026-1"], "fix_versions": ["3.18.0"]}],
        },
    ]
}


def test_a_finding_is_told_with_all_its_names_and_where_it_is_fixed() -> None:
    (one,) = findings(REPORT) or []
    assert one == Finding("mlflow", "3.17.2", frozenset({"GHSA-1", "CVE-2026-1"}), ("3.18.0",))
    assert str(one) == "mlflow 3.17.2: CVE-2026-1, GHSA-1 (fixed in 3.18.0)"


@pytest.mark.parametrize(("today", "counts"), [("2026-10-31", 1), ("2026-11-22", 0), ("2026-12-02", 1)])
def test_an_accepted_one_passes_by_any_of_its_names_until_its_day(today: str, counts: int) -> None:
    assert len(left(findings(REPORT) or [], accepted(ENTRY, date.fromisoformat(today)))) == counts


def test_a_package_that_was_not_looked_up_is_no_clean_one() -> None:
    """pip-audit itself says that nothing was found, and ends with 0."""
    skipped: dict[str, object] = {"name": "bentoml", "skip_reason": "not found on PyPI"}
    assert findings({"dependencies": [skipped]}) is None


def test_what_is_accepted_is_locked_reasoned_limited_and_told_in_words() -> None:
    entries = tomllib.loads((ROOT / "deploy" / "advisories.toml").read_text(encoding="utf-8")).get("accepted", [])
    locked = {one["name"] for one in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for one in entries:
        assert one["package"] in locked
        assert len(one["reason"]) > 20
        assert one["since"] < one["until"]
        assert one["id"] in security


@pytest.mark.slow
def test_where_nobody_can_be_asked_it_says_so_and_is_not_0() -> None:
    nobody = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    done = subprocess.run(
        [sys.executable, "deploy/audit.py"], cwd=ROOT, env={**os.environ, **nobody}, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(
        "NOT AUDITED: neither OSV (api.osv.dev) nor PyPI's JSON (pypi.org/pypi) answers here;"
    )
