"""The report is one page that needs nothing else, says what the figures say, and is shown by a browser without complaint."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import escape
from mlflow import MlflowClient
from shown_lineup import FINGERPRINT, HOSTILE, shown
from small_company import Trained

from histories.contract import Target
from training import html_measures, html_pictures, html_report, html_tables, logbook
from training.bootstrap import Difference
from training.capacity import CAPACITY_MEASURES
from training.checks import Check
from training.disagreement import Disputed
from training.evaluate import MEASURES
from training.html_report import Fact, Page, chapters, facts_of_measuring
from training.html_table import apart, number, spread
from training.lineup import CHAMPION, MODEL, RULES, Lineup

CHROMIUM = shutil.which("chromium")
SECTIONS = ("verdict", "customer", "customer-segments", "customer-disputed", "customer-pictures", "customer-measures")
AFTER = ("sql", "checks", "leaks", "measured")
MOST_BYTES = 3_000_000


FAILED = Check(
    "customer/leakage", 1, 0, passed=False, sentence="One <b>field</b> may tell the answer.", asked="nothing"
)
EMPTY = Page(
    title="Lead scoring",
    tone="good",
    verdict="This bundle takes over.",
    chapters=(),
    checks=html_tables.checks([FAILED]),
    audit_says="Leakage audit: none of 3 fields tells the answer by itself.",
    audit=None,
    facts=(),
)


def page_of(*lineups: Lineup, pictures: bool = False) -> str:
    shares = {"customer": {"intent": 0.7, "replies": 0.3}}
    drawn = logbook.pictures(lineups, shares) if pictures else {}
    facts = (Fact("Export", FINGERPRINT.sha256), *facts_of_measuring(lineups))
    return html_report.render(replace(EMPTY, chapters=chapters(lineups, drawn), facts=facts))


@pytest.fixture(scope="module")
def page() -> str:
    """Three contenders for customer, the rules alone for sql."""
    return page_of(shown(names=(MODEL, RULES, CHAMPION)), shown(Target.SQL, names=(RULES,)), pictures=True)


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page) == []
    assert re.findall(r"url\((?!#)[^)]*\)|@import", page) == []
    assert "<script" not in page
    assert len(page.encode()) < MOST_BYTES


def test_names_from_the_crm_are_text_and_nothing_else(page: str) -> None:
    disputed = Disputed(HOSTILE, 0, "1d", 0.9, 0.95, 0.0, 0.1, converted=True)
    table = html_tables.disputed(shown(leads=60, rate=0.3), [disputed])
    hostile = html_report.render(replace(EMPTY, checks=table))
    assert HOSTILE not in hostile
    assert str(escape(HOSTILE)) in hostile
    assert "<i>partner" not in page
    assert "source: &lt;i&gt;partner&lt;/i&gt;" in page
    assert "One &lt;b&gt;field&lt;/b&gt; may tell the answer." in page


def test_the_verdict_comes_first_and_the_measuring_last(page: str) -> None:
    places = [page.index(f'id="{name}"') for name in (*SECTIONS, *AFTER)]
    assert places == sorted(places)


def test_no_two_things_on_the_page_share_an_id(page: str) -> None:
    """Pictures of two targets stand beside each other, and matplotlib numbers each from 1."""
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    asked = set(re.findall(r'(?:href="|url\()#([^")]+)', page))
    assert asked <= set(ids)


def test_every_picture_is_there_and_takes_its_colours_from_the_page(page: str) -> None:
    shown_there = re.findall(r'<figure id="customer-([a-z-]+)"', page)
    assert shown_there == [name.replace("_", "-") for name in html_pictures.CAPTIONS]
    pictures = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert pictures.count("<svg") == len(re.findall(r"<figure ", page))
    assert not any(colour in pictures for colour in ("#ffffff", "#222b36", "#1f4e79"))
    assert "var(--model)" in pictures


def test_every_measure_is_explained() -> None:
    assert tuple(html_measures.ON_TEST) == MEASURES
    assert tuple(html_measures.AT_CAPACITY) == CAPACITY_MEASURES


def test_rules_alone_make_a_page_that_says_so() -> None:
    alone = page_of(shown(names=(RULES,), leads=200))
    assert "No model could be learnt" in alone
    assert "disagree most" not in alone
    assert not re.search(r"\b(nan|inf)\b", alone)


def test_a_test_without_conversions_makes_a_page_that_claims_nothing() -> None:
    empty = page_of(shown(rate=0.0, leads=200))
    assert "None of the test&#39;s leads converted: nothing can be said of who is better." in empty
    assert "predicts better" not in empty
    assert "0 of them converted" in empty
    assert not re.search(r"\b(nan|inf)\b", empty)


def test_figures_are_written_as_people_read_them() -> None:
    nothing = Difference(float("nan"), float("nan"), float("nan"))
    gap = "\N{NO-BREAK SPACE}"
    assert spread(Difference(1.04, 0.9, 1.2), ".2f") == f"1.04 (0.90{gap}to{gap}1.20)"
    assert apart(Difference(0.021, -0.01, 0.05), ".1%") == f"+2.1 (-1.0{gap}to{gap}+5.0) points"
    assert (spread(nothing, ".2f"), apart(nothing, ".1%"), number(float("inf"), ".1f")) == ("–", "–", "–")


def test_the_parent_run_keeps_a_report_with_the_gates_verdict(trained: Trained) -> None:
    path = MlflowClient(trained.tracker.uri).download_artifacts(trained.result.run_id, html_report.PATH)
    kept = Path(path).read_text(encoding="utf-8")
    assert str(escape(trained.result.verdict.sentence)) in kept
    assert trained.result.bundle.version in kept
    assert trained.result.fingerprint.sha256 in kept
    assert "Customer within 30 days" in kept
    assert len(kept.encode()) < MOST_BYTES


def _shown(file: Path, width: int, profile: Path) -> tuple[str, list[str]]:
    """What a browser makes of a file in a window so wide: the page after it has run, and what it complained of."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900"]
    command += [f"--user-data-dir={profile}", "--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"]
    run = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [500, 1200])
def test_a_browser_shows_the_report_without_complaint(page: str, tmp_path: Path, width: int) -> None:
    """A probe at the end of a copy tells how wide the page became, and which pictures have no size."""
    probe = (
        "<script>document.title = JSON.stringify([document.documentElement.scrollWidth <= window.innerWidth, "
        "[...document.querySelectorAll('figure svg')].filter(one => one.getBoundingClientRect().height < 100).length, "
        "document.querySelectorAll('section').length])</script></body>"
    )
    file = tmp_path / "report.html"
    file.write_text(page.replace("</body>", probe), encoding="utf-8")
    dom, complaints = _shown(file, width, tmp_path / "profile")
    assert complaints == []
    assert "<title>[true,0,5]</title>" in dom


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_complaint_of_the_browser_would_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "wrong.html"
    file.write_text("<!DOCTYPE html><title>x</title><script>nothing.of.that.name()</script>", encoding="utf-8")
    assert len(_shown(file, 500, tmp_path / "profile")[1]) == 1
