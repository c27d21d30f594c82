"""Asks OSV, else PyPI, whether a locked package has a known vulnerability: `python deploy/audit.py`.

Exit status: 0 none is known; 1 one is, and advisories.toml does not accept it; 3 neither service can be asked here.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ACCEPTED = ROOT / "deploy" / "advisories.toml"
SERVICES = ("osv", "pypi")
FOUND, NOT_ASKED = 1, 3
_EXPORT = ("--frozen", "--all-groups", "--all-extras", "--no-emit-project", "--no-hashes", "--no-header", "-q")


@dataclass(frozen=True, slots=True)
class Finding:
    """A known vulnerability: the package with its version, all names it goes by, and versions that are free of it."""

    package: str
    version: str
    names: frozenset[str]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "no version is free of it"
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))} ({fixed})"


def accepted(text: str, today: date) -> frozenset[str]:
    """Return the ids that advisories.toml lets pass today."""
    entries = tomllib.loads(text).get("accepted", [])
    return frozenset(one["id"] for one in entries if one["since"] <= today <= one["until"])


def findings(report: Mapping[str, list[dict[str, object]]]) -> list[Finding] | None:
    """Return what pip-audit's report has found; None where it could not ask for every package."""
    found = []
    for one in report["dependencies"]:
        if "skip_reason" in one:
            return None
        for each in one["vulns"]:  # type: ignore[attr-defined]
            names = frozenset((each["id"], *each.get("aliases", ())))
            found.append(Finding(str(one["name"]), str(one["version"]), names, tuple(each["fix_versions"])))
    return found


def left(found: Iterable[Finding], accepted_ids: frozenset[str]) -> list[Finding]:
    """Return the findings that go by no accepted name."""
    return [one for one in found if not one.names & accepted_ids]


def _locked() -> str:
    return subprocess.run(  # noqa: S603  # our own arguments
        [os.environ.get("UV", "uv"), "export", *_EXPORT, "--no-annotate"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip


def _asked(service: str, requirements: str) -> list[Finding] | None:
    """Ask one service; None where it cannot be reached or does not know every package."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        options = ("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--requirement")
        command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service, *options, file.name]
        done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603
    try:
        return findings(json.loads(done.stdout))
    except json.JSONDecodeError:
        return None


def main() -> int:
    """Write what is known, and return the exit status."""
    requirements = _locked()
    probe = next(line for line in requirements.splitlines() if line.startswith("bentoml=="))
    for service in SERVICES:
        if _asked(service, probe) is None:
            continue
        found = _asked(service, requirements)
        if found is None:
            continue
        bad = left(found, accepted(ACCEPTED.read_text(encoding="utf-8"), datetime.now(UTC).date()))
        for one in bad:
            sys.stdout.write(f"{one}\n")
        passed = len(found) - len(bad)
        sys.stdout.write(
            f"{service} knows of {len(bad)} vulnerabilities in what uv.lock names, and of {passed} accepted ones\n"
        )
        return FOUND if bad else 0
    message = (
        "NOT AUDITED: neither OSV (api.osv.dev) nor PyPI's JSON (pypi.org/pypi) answers here; run it where one does"
    )
    sys.stderr.write(f"{message}\n")
    return NOT_ASKED


if __name__ == "__main__":
    sys.exit(main())
