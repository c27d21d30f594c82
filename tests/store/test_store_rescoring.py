"""What comes in is scored though nobody asks, and each line that is crossed by it is seen, once."""

import importlib
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from crossing_cases import answer, there
from crossing_cases import told as crossed

from histories.clock import DAY, HOUR, MINUTE
from histories.contract import Attribute, Direction, Interaction, Outcome, Stage
from histories.store import AttributeRow, InteractionRow, LeadRow, OutcomeRow, Store
from histories.store.crossing import touched
from histories.store.database import leases
from histories.store.facts.together import Rows, take_together
from histories.store.kept.answers import keep, scores_of
from histories.store.privacy import people
from scoring import rulebook
from scoring.scorer import Scorer
from serving.live.rescoring import NAME, Rescoring

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")
NOW: int = small_bundle.AS_OF


def told(store: Store, lead_id: str = "a") -> list[tuple[str, str | None, str]]:
    """The stages that a lead reached; its grade goes by a model that a test cannot reckon with."""
    return [one for one in crossed(store, lead_id) if one[0] != "grade"]


class Heard:
    """What a listener heard."""

    def __init__(self) -> None:
        self.leads = 0
        self.behind = 0

    def rescored(self, leads: int) -> None:
        self.leads += leads

    def rescoring_behind(self, batches: int) -> None:
        self.behind = batches


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    one = Scorer(small_bundle.bundle(), small_bundle.book())
    one.warm_up()
    return one


@pytest.fixture
def clock() -> Clock:
    return Clock()


def rescoring(store: Store, scorer: Scorer, clock: Clock, heard: Heard | None = None, most: int = 10_000) -> Rescoring:
    return Rescoring(store, lambda: scorer, clock, heard or Heard(), most, pause=lambda _: None)


def demo(lead_id: str, name: str, at: int, received_at: int | None = None) -> InteractionRow:
    """25 points and 5 for the need: mql at once, for 90 days."""
    return InteractionRow(lead_id, Interaction(name, at, "demo_request", received_at))


def reply(lead_id: str, name: str, at: int) -> InteractionRow:
    """8 points, and contact both ways."""
    return InteractionRow(lead_id, Interaction(name, at, "reply", at, direction=Direction.INBOUND))


def post(store: Store, rows: Sequence[InteractionRow], now: int) -> None:
    store.add_interactions(rows, now)


def test_a_line_that_an_interaction_crosses_is_seen_though_nobody_asks(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    heard = Heard()
    one = rescoring(opened, scorer, clock, heard)
    assert not one.look()
    opened.add_leads([LeadRow("a", NOW - DAY)], NOW - DAY)
    assert one.look()
    assert told(opened) == []
    post(opened, [demo("a", "1", NOW - MINUTE, NOW - MINUTE)], NOW)
    clock.now += MINUTE
    assert one.look()
    assert told(opened) == [("mql", "lead", "mql")]
    (crossing,) = there(opened)
    assert crossing.follow_up_by == NOW - MINUTE + 72 * HOUR
    assert not one.look()
    assert [row.rule_stage for row in scores_of(opened, "a")] == ["lead", "mql"]
    assert (heard.leads, heard.behind) == (2, 0)


def test_an_edit_of_the_rulebook_starts_clocks_when_it_is_seen_not_when_points_lay_beyond_the_new_line(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    """Three replies 50 days ago are 24 points: no mql, until somebody lowers mql to 20."""
    edited = rulebook.parse(small_bundle.RULEBOOK.replace("mql = { points = 30 }", "mql = { points = 20 }"), "edited")
    opened.add_leads([LeadRow("a", NOW - 60 * DAY)], NOW)
    post(opened, [reply("a", str(number), NOW - 50 * DAY + number) for number in range(3)], NOW)
    assert rescoring(opened, scorer, clock).look()
    assert told(opened) == []
    clock.now += 8 * DAY
    assert rescoring(opened, Scorer(small_bundle.bundle(), edited), clock).look()
    assert told(opened) == [("mql", "lead", "mql")]
    assert there(opened)[0].follow_up_by == clock.now + 72 * HOUR


def test_what_the_record_says_crosses_a_line_and_starts_the_clock(opened: Store, scorer: Scorer, clock: Clock) -> None:
    opened.add_leads([LeadRow("a", NOW - 60 * DAY)], NOW)
    one = rescoring(opened, scorer, clock)
    assert one.look()
    clock.now += HOUR
    opened.add_outcomes([OutcomeRow("a", Outcome(Stage.SQL, clock.now - MINUTE))], clock.now)
    assert one.look()
    assert told(opened) == [("sql", "lead", "sql")]
    (crossing,) = [one for one in there(opened) if one.kind == "sql"]
    assert crossing.follow_up_by == clock.now - MINUTE + 24 * HOUR


def test_what_an_export_brings_of_earlier_months_is_no_crossing_and_what_crossed_this_week_is(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    opened.add_leads([LeadRow(one, NOW - 50 * DAY) for one in ("old", "young", "new")], NOW)
    post(opened, [demo("old", "1", NOW - 40 * DAY), demo("young", "2", NOW - 2 * DAY)], NOW)
    opened.add_leads([LeadRow("born", NOW - DAY)], NOW)
    post(opened, [demo("born", "3", NOW - DAY)], NOW)
    one = rescoring(opened, scorer, clock)
    assert one.look()
    assert told(opened, "old") == []
    assert told(opened, "young") == [("mql", "lead", "mql")]
    assert told(opened, "born") == [("mql", None, "mql")]
    post(opened, [demo("old", "4", NOW - MINUTE, NOW), reply("old", "5", NOW - MINUTE)], NOW)
    clock.now += MINUTE
    assert one.look()
    assert told(opened, "old") == [("sql", "mql", "sql")]


def test_an_old_lead_that_is_asked_for_before_rescoring_comes_to_it_is_no_news(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    opened.add_leads([LeadRow("a", NOW - 50 * DAY)], NOW)
    post(opened, [demo("a", "1", NOW - 40 * DAY)], NOW)
    asked_for = replace(answer("a", "mql", NOW, watermark=opened.watermark()), score_id=None)
    keep(opened, [asked_for], NOW)
    assert there(opened) == []
    assert rescoring(opened, scorer, clock).look()
    keep(opened, [asked_for], NOW)
    assert told(opened) == []


def test_what_a_clock_that_is_ahead_has_sent_is_seen_when_its_moment_comes(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    one = rescoring(opened, scorer, clock)
    opened.add_leads([LeadRow("a", NOW - DAY), LeadRow("unborn", NOW + 2 * MINUTE)], NOW)
    post(opened, [demo("a", "1", NOW + MINUTE, NOW), demo("unborn", "2", NOW + 2 * MINUTE, NOW)], NOW)
    assert one.look()
    assert not one.look()
    assert there(opened) == []
    clock.now = NOW + MINUTE + 1
    assert one.look()
    assert told(opened, "a") == [("mql", "lead", "mql")]
    clock.now = NOW + 2 * MINUTE + 1
    assert one.look()
    assert told(opened, "unborn") == [("mql", None, "mql")]
    assert not one.look()


def test_a_lead_whose_points_expire_unseen_crosses_the_line_again_when_it_comes_back(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    one = rescoring(opened, scorer, clock)
    opened.add_leads([LeadRow("a", NOW - DAY)], NOW)
    assert one.look()
    post(opened, [demo("a", "1", NOW, NOW)], NOW)
    clock.now = NOW + 1
    assert one.look()
    for days in range(7, 99, 7):
        clock.now = NOW + days * DAY
        one.look()
    assert scores_of(opened, "a")[-1].rule_stage == "lead"
    post(opened, [demo("a", "2", clock.now, clock.now)], clock.now)
    clock.now += 1
    assert one.look()
    assert told(opened) == [("mql", "lead", "mql")] * 2


@pytest.mark.parametrize("begun", [True, False])
def test_a_merge_does_not_tell_again_what_the_ended_lead_had_reached(
    opened: Store, scorer: Scorer, clock: Clock, begun: bool
) -> None:
    one = rescoring(opened, scorer, clock)
    opened.add_leads([LeadRow(lead_id, NOW - DAY) for lead_id in ("a", "b")][: 1 + begun], NOW)
    post(opened, [demo("a", "1", NOW - MINUTE, NOW - MINUTE)], NOW)
    assert one.look()
    opened.add_leads([LeadRow("b", NOW - DAY)], NOW)
    people.merge(opened, "a", "b", NOW, NOW)
    clock.now += 1
    assert one.look()
    assert (told(opened, "a"), told(opened, "b")) == ([("mql", None, "mql")], [])


def test_what_the_ended_lead_reached_before_the_one_that_goes_on_was_known_is_told_once(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    one = rescoring(opened, scorer, clock)
    opened.add_leads([LeadRow("a", NOW - DAY)], NOW)
    people.expect(opened, "a", "b", NOW, NOW)
    post(opened, [demo("a", "1", NOW - MINUTE, NOW - MINUTE)], NOW)
    assert one.look()
    opened.add_leads([LeadRow("b", NOW - DAY)], NOW)
    clock.now += 1
    assert one.look()
    assert (told(opened, "a"), told(opened, "b")) == ([("mql", None, "mql")], [])


def test_of_leads_that_object_nothing_is_scored_and_nothing_is_left_to_do(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    one = rescoring(opened, scorer, clock)
    opened.add_leads([LeadRow("a", NOW - DAY)], NOW)
    assert one.look()
    people.suppress(opened, "a", NOW)
    post(opened, [demo("a", "1", NOW, NOW), demo("nobody", "2", NOW, NOW)], NOW)
    clock.now = NOW + 30 * DAY
    assert one.look()
    assert not one.look()
    assert there(opened) == []
    people.lift(opened, "a", clock.now)
    assert one.look()
    assert told(opened) == [("mql", "lead", "mql")]


def test_what_broke_off_is_done_again_and_crosses_nothing_twice(opened: Store, scorer: Scorer, clock: Clock) -> None:
    leads = [f"lead:{number:03}" for number in range(250)]
    opened.add_leads([LeadRow(one, NOW - DAY) for one in leads], NOW)
    rescoring(opened, scorer, clock).look()
    post(opened, [demo(one, one, NOW, NOW) for one in leads], NOW)
    clock.now += 1
    calls = []

    def breaks() -> Scorer:
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError
        return scorer

    with pytest.raises(RuntimeError):
        Rescoring(opened, breaks, clock, Heard(), 10_000, pause=lambda _: None).look()
    assert 0 < sum(one.kind == "mql" for one in there(opened)) < 250
    other = rescoring(opened, scorer, clock)
    assert not other.look()  # the lease is another's
    clock.now += MINUTE
    assert other.look()
    assert [(one.lead_id, one.kind) for one in there(opened) if one.kind == "mql"] == [(one, "mql") for one in leads]


def test_a_lead_that_is_too_large_is_left_alone_and_that_is_said_once(
    opened: Store, scorer: Scorer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    one = rescoring(opened, scorer, clock, heard, most=3)
    opened.add_leads([LeadRow("large", NOW - DAY, "x"), LeadRow("peer", NOW - DAY, "x"), LeadRow("a", NOW - DAY)], NOW)
    for number in range(2):
        rows = [demo(lead_id, f"{lead_id} {number}", NOW - HOUR, NOW - HOUR) for lead_id in ("large", "peer", "a")]
        post(opened, rows, NOW)
        assert one.look()
    assert {crossing.lead_id for crossing in there(opened)} == {"large", "peer", "a"}
    post(opened, [reply("large", "one more", NOW - HOUR)], NOW)
    assert one.look()
    assert not one.look()
    assert [(row.as_of, row.watermark) for row in scores_of(opened, "large")] == [(NOW, 2)]
    (said,) = [one.getMessage() for one in caplog.records if one.name == "lead_scoring.rescoring"]
    assert said == (
        "2 leads have more than 3 interactions or colleagues, and are not scored again; LEAD_SCORING_MAX_INTERACTIONS "
        "allows for more"
    )


def test_a_lead_that_an_import_brings_in_many_batches_is_scored_once(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    heard = Heard()
    one = rescoring(opened, scorer, clock, heard)
    leads = [f"lead:{number:03}" for number in range(150)]
    opened.add_leads([LeadRow(lead_id, NOW - DAY) for lead_id in leads], NOW)
    for batch in range(8):
        rows = [(lead_id, number) for lead_id in leads for number in range(6)]
        post(opened, [reply(lead_id, f"{lead_id}:{batch}:{number}", NOW - HOUR) for lead_id, number in rows], NOW)
    looks = 0
    while one.look():
        looks += 1
    assert looks > 1
    assert heard.leads == len(leads)
    post(opened, [reply(leads[0], "one more", NOW - HOUR)], NOW)
    assert one.look()
    assert heard.leads == len(leads) + 1


def test_a_batch_of_many_attributes_is_passed_whole_and_what_came_after_it_is_seen(opened: Store) -> None:
    leads = [f"lead:{number:04}" for number in range(1_000)]
    named = [AttributeRow(lead_id, Attribute(f"a{name}", 1.0, None)) for lead_id in leads for name in range(6)]
    rows = Rows(leads=tuple(LeadRow(lead_id, NOW - DAY) for lead_id in leads), attributes=tuple(named))
    take_together(opened, set(), lambda _: rows, NOW)
    first = opened.watermark()
    opened.add_leads([LeadRow("hot", NOW - DAY)], NOW)
    with opened.database.reading() as connection:
        batch = touched.touched(connection, 0)
        after = touched.touched(connection, batch.watermark)
    assert (batch.watermark, sorted(batch.leads)) == (first, leads)
    assert (after.watermark, after.leads) == (opened.watermark(), {"hot": opened.watermark()})


def test_a_lease_is_one_holders_until_it_ends(opened: Store) -> None:
    def take(held: int | None, now: int, until: int) -> bool:
        return opened.database.written(lambda connection: leases.taken(connection, NAME, held, now, until))

    assert take(None, 100, 110)
    assert not take(None, 105, 115)
    assert take(110, 105, 120)
    assert not take(110, 106, 130)
    assert take(None, 120, 130)
    assert not take(120, 121, 140)
    opened.database.written(lambda connection: leases.done(connection, NAME, 7, 130))
    assert take(None, 122, 140)
    opened.database.written(lambda connection: leases.done(connection, NAME, 6, 130))
    with opened.database.reading() as connection:
        assert leases.come_to(connection, NAME) == 7
    assert not take(None, 123, 150)


def test_two_that_rescore_at_once_while_batches_come_see_each_crossing_once(
    opened: Store, scorer: Scorer, clock: Clock
) -> None:
    leads = [f"lead:{number:02}" for number in range(30)]
    opened.add_leads([LeadRow(one, NOW - DAY) for one in leads], NOW)
    opened.add_attributes([AttributeRow(one, Attribute("industry", "retail")) for one in leads], NOW)
    rescoring(opened, scorer, clock).look()
    clock.now += MINUTE
    done = threading.Event()

    def rescore() -> None:
        one = rescoring(opened, scorer, clock)
        while not done.is_set():
            one.look()

    threads = [threading.Thread(target=rescore) for _ in range(2)]
    for one in threads:
        one.start()
    for one in leads:
        post(opened, [demo(one, one, NOW, NOW)], NOW)
    done.set()
    for one in threads:
        one.join()
    clock.now += MINUTE
    rescoring(opened, scorer, clock).look()
    reached = [(one.lead_id, one.number) for one in there(opened) if one.kind == "mql"]
    assert reached == [(lead_id, 1) for lead_id in leads]
