"""What the terminal says of a run besides its figures: what they are not of, and nothing twice."""

from dataclasses import replace

from rich.console import Console
from small_company import Trained

from histories.contract import Target
from training import checks_table, report
from training.checks import Check
from training.lineup import RULES
from training.run import TrainingResult


def printed(result: TrainingResult, width: int = 80) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as captured:
        report.render_training(result, console)
    return captured.get()


def test_a_refit_says_that_the_figures_are_not_its_own(trained: Trained) -> None:
    result = trained.result
    assert "refit" not in printed(result)
    card = replace(result.bundle.card, trained_until=result.fingerprint.exported_at)
    refitted = replace(result.fitted, bundle=replace(result.bundle, card=card))
    said = " ".join(printed(replace(result, fitted=refitted)).split())
    assert "The bundle is a refit: learnt again, as it was tested, from all that was known on 2025-05-01." in said


def test_a_reason_that_stands_above_is_not_said_again(trained: Trained) -> None:
    """Where few deals taught no model, the step's reason is the bundle's too."""
    result, why = trained.result, "12 converted leads in training are too few"
    customer = result.fitted.results[Target.CUSTOMER]
    answering = replace(customer.answering, model=False, reason=why)
    results = {**result.fitted.results, Target.CUSTOMER: replace(customer, why=why, answering=answering)}
    lineups = tuple(replace(one, chosen=RULES) for one in result.lineups if one.target is Target.CUSTOMER)
    said = " ".join(printed(replace(result, fitted=replace(result.fitted, results=results), lineups=lineups)).split())
    assert said.count(why) == 1
    assert "In the bundle: the rules' points, brought to probabilities." in said


def test_the_page_for_readers_is_named_with_its_run(trained: Trained) -> None:
    assert printed(trained.result).endswith(f"report.html of run {trained.result.run_id}\n")


def test_every_check_of_the_gate_is_listed_with_what_was_asked_for(trained: Trained) -> None:
    lines = printed(trained.result).splitlines()
    for check in trained.result.verdict.checks:
        (line,) = (one for one in lines if one.startswith(f"{check.name} "))
        assert check.asked in line
        assert line.split()[-1] == ("pass" if check.passed else "fail")
    assert any(" at least 50 " in line for line in lines)


def test_a_count_a_ratio_and_a_difference_are_shown_as_such() -> None:
    shown = [
        checks_table.figure(Check("c", figure, threshold, True, "", ""))
        for figure, threshold in ((1234, 50), (0.912, 0.8), (-0.00481, 0.0), (None, None))
    ]
    assert shown == ["1,234", "0.91", "-0.0048", "–"]


def test_what_is_left_out_beside_the_champion_is_said(trained: Trained) -> None:
    lineups = tuple(replace(one, left_out=312) for one in trained.result.lineups)
    said = " ".join(printed(replace(trained.result, lineups=lineups)).split())
    assert "312 further snapshots of the test are left out, for every score: the champion's training knew" in said


def test_nothing_but_what_is_to_be_copied_is_wider_than_80_columns(trained: Trained) -> None:
    lines = printed(trained.result).splitlines()
    copied = lines.index("Side by side in MLflow:")
    assert [line for line in lines[:copied] if len(line.rstrip()) > 80] == []
