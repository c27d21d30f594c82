"""The search for settings: what is tried, when it stops, and that breaking it off changes nothing."""

import logging
import re
from dataclasses import replace

import numpy as np
import pytest

from histories.contract import Target
from scoring.calibration import sigmoid
from training.booster import Columns, Window, bin_rows
from training.recipe import Search
from training.settings import Settings, by_size
from training.trials import Journal, Trial, forget, table
from training.tune import SPACE, Budget, best_of, key, suggest, tune
from training.windows import Windows, try_settings

DEFAULT = by_size(100)


@pytest.fixture(scope="module")
def drawn():
    """Three windows of 60 rows, each after all rows that it is predicted from."""
    random = np.random.default_rng(0)
    matrix = random.normal(size=(360, 3))
    labels = (random.random(360) < sigmoid(matrix[:, 0] - 1)).astype(np.int8)
    rows = bin_rows(matrix, labels, np.ones(360), None, Columns(("a", "b", "c"), (), (1, 0, 0)), DEFAULT, 1)
    windows = [Window(np.arange(end), np.ones(end), np.arange(end, end + 60), None) for end in (180, 240, 300)]
    return rows, windows, try_settings(rows, windows, DEFAULT, 1)


def search(drawn, budget, journal=None, clock=None, told=lambda _: None, seed=1):
    rows, windows, first = drawn
    journal = Journal(None) if journal is None else journal
    return tune(rows, windows, first, seed, budget, journal, told, clock or iter(range(10**6)).__next__)


def same(trials):
    return [replace(one, seconds=0.0) for one in trials]


@pytest.fixture(scope="module")
def unbroken(drawn):
    """Twelve trials: ten are drawn at random, the last two from what those came to."""
    return search(drawn, Budget(12, None))


def test_trials_differ_and_lie_in_the_space(unbroken):
    assert len({one.settings for one in unbroken}) == 12
    for one in unbroken:
        for name, distribution in SPACE.items():
            assert distribution.low <= getattr(one.settings, name) <= distribution.high
        assert not one.settings.monotone


def test_fewer_trials_are_the_first_of_more_and_another_seed_tries_others(drawn, unbroken):
    assert search(drawn, Budget(3, None)) == unbroken[:3]
    assert search(drawn, Budget(1, None), seed=2)[0].settings != unbroken[0].settings


class KilledError(Exception):
    pass


@pytest.mark.parametrize("finished", [0, 1, 11])
def test_a_search_that_was_killed_goes_on_from_its_finished_trials_and_comes_to_the_same(
    drawn, unbroken, finished, tmp_path
):
    def kill(trials):
        if len(trials) == finished:
            raise KilledError

    def look(trials):
        seen.append(len(trials))

    path, seen = tmp_path / "kept" / "search.jsonl", []
    with pytest.raises(KilledError):
        search(drawn, Budget(12, None), Journal(path), told=kill)
    assert len(Journal(path).trials) == finished
    clock = iter(range(100))
    again = search(drawn, Budget(12, None), Journal(path), clock.__next__, told=look)
    assert same(again) == same(unbroken)
    assert next(clock) == 2 * (12 - finished)  # a finished trial is not run again
    assert seen == list(range(12))
    forget(tmp_path / "kept")
    assert not path.exists()


def test_what_tpe_draws_depends_on_how_the_trials_ended(drawn, unbroken):
    """Ten trials are drawn at random; from then on it is by losses, and a pruned trial counts as bad."""
    _, _, first = drawn
    turned = [replace(one, losses=tuple(2 - loss for loss in one.losses)) for one in unbroken[:11]]
    assert suggest(first, unbroken[:11], 1) == unbroken[11].settings
    assert suggest(first, turned, 1) != unbroken[11].settings
    assert suggest(first, unbroken[:4], 1) == suggest(first, turned[:4], 1)


def test_a_search_by_time_stops_by_the_clock_and_equals_one_of_as_many_trials(drawn, unbroken):
    """A trial takes 40 seconds on this clock: after three of them, 90 seconds are over."""
    told = []
    budget = Budget.of(Search(None, 1.5), Target.SQL)
    clock = iter(range(0, 9999, 40)).__next__
    found = search(
        drawn, budget, clock=clock, told=lambda trials: budget.tell("sql", lambda *step: told.append(step), trials)
    )
    assert same(found) == same(unbroken[:3])
    assert told == [("settings for sql, seconds", done, 90) for done in (0, 40, 80)]


def test_time_spent_before_a_kill_counts(drawn, unbroken, tmp_path):
    journal = Journal(tmp_path / "search.jsonl")
    for one in unbroken[:2]:
        journal.add(replace(one, seconds=50.0))
    assert same(search(drawn, Budget(None, 90), Journal(tmp_path / "search.jsonl"))) == same(unbroken[:2])


def test_a_search_by_trials_says_how_many_are_done():
    told = []
    budget = Budget.of(Search({Target.SQL: 2, Target.CUSTOMER: 5}, None), Target.CUSTOMER)
    budget.tell("customer", lambda *step: told.append(step), ())
    assert told == [("settings for customer, trials", 0, 5)]


def test_a_trial_is_given_up_once_it_is_worse_than_half_of_those_that_saw_all_windows(drawn, unbroken):
    _, _, first = drawn
    rivals = [first.losses]
    for one in unbroken:
        known = np.median([losses[: len(one.losses)] for losses in rivals], axis=0)
        worse = [len(rivals) >= 5 and loss > middle for loss, middle in zip(one.losses[:2], known, strict=False)]
        assert one.pruned == any(worse)
        assert len(one.losses) == (worse.index(True) + 1 if one.pruned else 3)
        rivals += [] if one.pruned else [one.losses]
    assert any(one.pruned for one in unbroken)


def test_a_pruned_trial_is_never_the_best_however_low_its_loss_so_far(drawn, unbroken):
    rows, windows, first = drawn
    pruned = Trial(replace(DEFAULT, num_leaves=5), (0.0,), True, 1.0)
    finished = [one for one in unbroken if not one.pruned]
    best = best_of(rows, windows, first, [*unbroken, pruned], 1)
    assert best.log_loss <= min([first.log_loss, *(one.losses[-1] for one in finished)])
    assert replace(best.settings, monotone=False) in {DEFAULT, *(one.settings for one in finished)}


@pytest.mark.parametrize("direction", [1, -1, 0])
def test_directions_are_kept_where_they_cost_nothing(direction):
    """A column that raises the rate: the direction that says so costs nothing, the opposite one does."""
    random = np.random.default_rng(3)
    matrix = random.integers(-1, 2, size=(600, 1)).astype(float)
    labels = (random.random(600) < sigmoid(2 * matrix[:, 0])).astype(np.int8)
    rows = bin_rows(matrix, labels, np.ones(600), None, Columns(("a",), (), (direction,)), DEFAULT, 1)
    windows = [Window(np.arange(400), np.ones(400), np.arange(400, 600), None)]
    first = try_settings(rows, windows, DEFAULT, 1)
    best = best_of(rows, windows, first, (), 1)
    assert best.settings.monotone == (direction == 1)
    assert best.log_loss <= first.log_loss
    assert isinstance(best, Windows)


def test_the_name_of_a_search_changes_with_whatever_its_trials_depend_on(drawn):
    rows, windows, _ = drawn
    first, *others = windows
    matrix, labels = rows.matrix.copy(), rows.labels.copy()
    matrix[359, 2] += 1e-9
    labels[359] = 1 - labels[359]
    weights = first.weights.copy()
    weights[0] = 1.0000001
    names = [
        key(rows, windows, DEFAULT, 1),
        key(rows, windows, DEFAULT, 2),
        key(rows, windows[1:], DEFAULT, 1),
        key(rows, windows, replace(DEFAULT, num_leaves=4), 1),
        key(rows, [replace(first, weights=weights), *others], DEFAULT, 1),
        key(rows, [replace(first, start=np.zeros(360)), *others], DEFAULT, 1),
        key(replace(rows, matrix=matrix), windows, DEFAULT, 1),
        key(replace(rows, labels=labels), windows, DEFAULT, 1),
        key(replace(rows, columns=Columns(("a", "b", "c"), (2,), (1, 0, 0))), windows, DEFAULT, 1),
    ]
    assert len(set(names)) == len(names)
    assert key(replace(rows, matrix=rows.matrix.copy()), windows, DEFAULT, 1) == names[0]


TRIAL = Trial(Settings(0.1 + 0.2, 3, 40, 10.0, 1 / 3, 0.7, 20.0), (0.1, 1 / 7), False, 2.5)


def test_trials_come_back_from_their_file_as_they_were(tmp_path):
    journal = Journal(tmp_path / "search.jsonl")
    journal.add(TRIAL)
    journal.add(replace(TRIAL, pruned=True, losses=(0.5,)))
    assert Journal(tmp_path / "search.jsonl").trials == journal.trials
    assert [one.name for one in tmp_path.iterdir()] == ["search.jsonl"]


def test_the_table_of_trials_has_a_row_for_each():
    pruned = replace(TRIAL, pruned=True, losses=(0.5,))
    rows = table({Target.SQL: [TRIAL, pruned], Target.CUSTOMER: [TRIAL]}).to_pylist()
    assert [(one["target"], one["trial"], one["log_loss"], one["windows"], one["pruned"]) for one in rows] == [
        ("sql", 1, 1 / 7, 2, False),
        ("sql", 2, 0.5, 1, True),
        ("customer", 1, 1 / 7, 2, False),
    ]
    assert {one["num_leaves"] for one in rows} == {3}


def test_a_damaged_file_is_named_and_the_search_starts_over(tmp_path, caplog):
    path = tmp_path / "search.jsonl"
    Journal(path).add(TRIAL)
    path.write_text(path.read_text()[:-20])
    assert Journal(path).trials == ()
    assert re.fullmatch(
        rf"{re.escape(str(path))}: holds no trials that can be read \(JSONDecodeError\(.*\)\); the search starts over",
        caplog.messages[0],
    )


def test_a_place_that_cannot_be_written_to_is_named_and_stops_nothing(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    (tmp_path / "file").write_text("")
    journal = Journal(tmp_path / "file" / "search.jsonl")
    journal.add(TRIAL)
    journal.add(TRIAL)
    assert journal.trials == (TRIAL, TRIAL)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(
        "finished trials are not kept, and a training that is killed starts its search over: "
        f"{tmp_path / 'file' / 'search.jsonl'}: cannot be written"
    )
