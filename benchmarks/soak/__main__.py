"""Lets good, greedy, bad, slow and cut-off clients at the service together, and writes docs/soak.md: `make soak`.

Exit status 1 where a promise was broken; the page says which.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scale.machine import machine
from benchmarks.serving import workload
from benchmarks.serving.workload import NOW
from benchmarks.soak.soak import Found, soak
from histories import clock, export, select
from histories.whole_file import whole_file

_ROOT = Path(__file__).resolve().parents[2]
_LEADS = 26


def main() -> None:
    """Read the arguments, train a small bundle, soak, and write the page whole or not at all."""
    began = time.time_ns() // 1000
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--page", type=Path, default=_ROOT / "docs" / "soak.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = workload.write(Path(folder), 3_000, 1)
        histories = export.read(Path(folder) / "export" / "crm.toml", NOW).histories
        leads = [one for _, one in zip(range(_LEADS), select.each(histories), strict=False)]
        found = soak(made.bundle, made.rulebook, leads, histories.exported_at, given.minutes * 60)
    with whole_file(given.page) as unfinished:
        unfinished.write_text(page(found, began), encoding="utf-8")
    sys.stderr.write(f"written: {given.page}\n")
    sys.exit(1 if found.broken else 0)


def page(found: Found, began: int) -> str:
    """Return the page."""
    held = found.held
    rows = [f"| {client} | {what} | {number:,} |" for (client, what), number in sorted(found.counts.items())]
    broken = [f"- {one}" for one in found.broken] or ["None."]
    return "\n".join(
        [
            "# Soak",
            "",
            (
                "`make soak` let five sorts of clients at the service at once, on two workers, and wrote this page. Good "
                "clients must get the very rows that are due, each time; greedy ones 429 with `Retry-After` beyond their "
                "key's rate; bad ones (broken JSON, keys twice, wrong or no key, wrong paths, methods and media types) a "
                "4xx in the one envelope; slow ones send a call in twenty pieces; those cut off leave in the middle of "
                "headers, body or answer, or send random bytes."
            ),
            "",
            f"- Date: {clock.iso(began)[:10]}",
            f"- Machine: {machine()}",
            f"- Load: {found.seconds / 60:.1f} minutes",
            "",
            "| client | what became of its calls | how often |",
            "| --- | --- | --- |",
            *rows,
            "",
            "| all processes of the service | after the warm-up | at the end |",
            "| --- | --- | --- |",
            (
                f"| resident memory | {held.memory_before / 2**20:,.0f} MiB | {held.memory_after / 2**20:,.0f} MiB "
                f"({held.growth:+.1%}; asked: within 5%) |"
            ),
            f"| open descriptors | {held.descriptors_before:,.0f} | {held.descriptors_after:,.0f} |",
            "",
            "Medians of the second and of the last fifth of the time; the first fifth is the warm-up.",
            "",
            "Promises broken:",
            "",
            *broken,
            "",
        ]
    )


if __name__ == "__main__":
    main()
