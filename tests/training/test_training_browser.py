"""A real browser shows MLflow's own pages of a training: the contenders side by side, and the report among its files."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_company import Trained

from training import html_report, pages

CHROMIUM = shutil.which("chromium")
# Nothing but the page that is asked for: no look for updates, no first start.
QUIET = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update")
PATIENCE_SECONDS = 240

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def link(trained: Trained) -> Iterator[str]:
    """The compare link of the company's training, on a server of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_PORT", 0)  # MLflow's usual one may be somebody else's
        patch.setattr(pages, "_PATIENCE_SECONDS", PATIENCE_SECONDS)
        with pages.served(trained.tracker.uri, trained.result.place) as served:
            yield served


def shown(url: str, profile: Path) -> str:
    """What a browser makes of a page: its elements, after its scripts have run for 20 seconds of the page's own time."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-sync", *QUIET]
    command += [f"--user-data-dir={profile}", "--window-size=1400,1400", "--virtual-time-budget=20000", "--dump-dom"]
    return subprocess.run([*command, url], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True).stdout


def words(page: str) -> str:
    """The page's text, one space between any two words."""
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL))
    return " ".join(text.split())


def test_the_compare_link_shows_model_and_rules_side_by_side(link: str, trained: Trained, tmp_path: Path) -> None:
    """Names, settings and figures of both stand in columns beside each other."""
    text = words(shown(link, tmp_path / "profile"))
    assert "Comparing 2 Runs from 1 Experiment" in text
    assert f"Run ID: {trained.result.children['model']} {trained.result.children['rules']}" in text
    assert "Run Name: challenger rules" in text
    assert "score model rules" in text
    assert "customer/auc" in text
    customer = trained.result.lineups[0].contenders
    auc = [f"{customer[name].figures.measures.auc:.3f}".rstrip("0") for name in ("model", "rules")]
    assert " ".join(auc) in text


def test_the_report_is_shown_among_the_runs_files(link: str, trained: Trained, tmp_path: Path) -> None:
    """MLflow fetches it and shows it in a frame in which nothing may reach beyond the report."""
    experiment = re.search(r"experiments=%5B%22(\d+)%22%5D", link)
    assert experiment is not None
    base, run_id = link.partition("/#/")[0], trained.result.run_id
    page = shown(
        f"{base}/#/experiments/{experiment[1]}/runs/{run_id}/artifacts/{html_report.PATH}", tmp_path / "profile"
    )
    assert "report.html rulebook.toml segments.json verdict.json" in words(page)
    frames = re.findall(r"<iframe [^>]*>", page)
    assert len(frames) == 1
    assert f'src="blob:{base}/' in frames[0]
    assert 'sandbox="allow-scripts"' in frames[0]
