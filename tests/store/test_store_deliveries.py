"""What is due is taken by one, in order for each lead, until it is delivered or dead; what is asked for goes out again."""

import threading
import time

import sqlalchemy as sa
from crossing_cases import answer, changed, deliver, note, take, there

from histories.clock import DAY
from histories.store import Store
from histories.store.crossing import deliveries
from histories.store.database.schema import CROSSINGS


def crossings_of(store: Store, lead_id: str, count: int, at: int = 100) -> list[str]:
    """Make some crossings of a lead, all at one moment; return their ids in order."""
    grades = [answer(lead_id, "lead", at, grade="AB"[number % 2]) for number in range(count + 1)]
    note(store, *grades)
    return [one.crossing_id for one in there(store, lead_id)]


def test_nothing_is_due_in_a_store_without_crossings(opened: Store) -> None:
    with opened.database.reading() as connection:
        assert not deliveries.is_due(connection, 10**9)
        assert deliveries.waiting(connection) == (0, None)
    assert take(opened, 10**9) is None


def test_later_crossings_of_a_lead_wait_until_the_first_is_delivered(opened: Store) -> None:
    first, second, third = crossings_of(opened, "a", 3)
    taken = take(opened, 100)
    assert taken is not None
    assert (taken.crossing_id, taken.attempts) == (first, 1)
    assert take(opened, 100) is None
    assert deliver(opened, taken, 110)
    following = take(opened, 110)
    assert following is not None
    assert following.crossing_id == second
    assert opened.database.written(lambda connection: deliveries.dead(connection, following, "answered 410", 120))
    assert [(one.state, one.next_attempt_at, one.delivered_at, one.last_error) for one in there(opened)] == [
        ("delivered", None, 110, None),
        ("dead", None, None, "answered 410"),
        ("pending", 120, None, None),
    ]
    assert third == there(opened)[2].crossing_id


def test_leads_do_not_wait_for_each_other(opened: Store) -> None:
    ids = {crossings_of(opened, lead_id, 2)[0] for lead_id in "abc"}
    taken = [take(opened, 100) for _ in range(4)]
    assert {one.crossing_id for one in taken if one} == ids
    assert taken[3] is None


def test_an_attempt_that_nobody_ended_is_made_again_when_its_time_is_over(opened: Store) -> None:
    (first,) = crossings_of(opened, "a", 1)
    taken = take(opened, 100, until=130)
    assert take(opened, 129) is None
    again = take(opened, 130)
    assert taken is not None
    assert again is not None
    assert (again.crossing_id, again.attempts) == (first, 2)
    assert not opened.database.written(lambda connection: deliveries.failed(connection, taken, "answered 500", 500))
    assert there(opened)[0].next_attempt_at == 160
    # Whoever heard that it was delivered is right, also where it was given up as lost meanwhile.
    assert deliver(opened, taken, 150)
    assert not deliver(opened, again, 155)
    assert there(opened)[0].delivered_at == 150


def test_what_failed_is_due_again_when_it_was_said(opened: Store) -> None:
    crossings_of(opened, "a", 1)
    taken = take(opened, 100)
    assert taken is not None
    assert opened.database.written(lambda connection: deliveries.failed(connection, taken, "answered 500", 400))
    (now,) = there(opened)
    assert (now.state, now.next_attempt_at, now.attempts, now.last_error) == ("pending", 400, 1, "answered 500")


def test_what_was_never_tried_is_no_news_after_three_days_and_goes_out_when_it_is_asked_for(opened: Store) -> None:
    old = crossings_of(opened, "a", 2, at=100)
    young = crossings_of(opened, "b", 1, at=101)
    now = 100 + 3 * DAY
    opened.database.written(lambda connection: deliveries.give_up_old(connection, now))
    assert [(one.crossing_id, one.state, one.last_error) for one in there(opened)] == [
        *((one, "dead", "not delivered within 3 days") for one in old),
        *((one, "pending", None) for one in young),
    ]
    assert opened.database.written(lambda connection: deliveries.send_again(connection, old[:1], now)) == old[:1]
    opened.database.written(lambda connection: deliveries.give_up_old(connection, now))
    assert [one.state for one in there(opened, "a")] == ["pending", "dead"]


def test_what_is_sent_again_goes_before_the_later_ones_of_its_lead(opened: Store) -> None:
    first, second, third = crossings_of(opened, "a", 3)
    taken = take(opened, 100)
    assert taken is not None
    opened.database.written(lambda connection: deliveries.dead(connection, taken, "answered 410", 110))
    found = opened.database.written(lambda connection: deliveries.send_again(connection, [first, "msg_none"], 120))
    assert found == [first]
    order = []
    while (one := take(opened, 200)) is not None:
        order.append(one.crossing_id)
        deliver(opened, one, 200)
    assert order == [first, second, third]


def test_an_attempt_that_fails_while_an_earlier_one_is_asked_for_again_waits_for_that_one(opened: Store) -> None:
    first, second = crossings_of(opened, "a", 2)
    taken = take(opened, 100)
    assert taken is not None
    opened.database.written(lambda connection: deliveries.dead(connection, taken, "answered 410", 110))
    flying = take(opened, 120)
    assert flying is not None
    opened.database.written(lambda connection: deliveries.send_again(connection, [first], 130))
    assert opened.database.written(lambda connection: deliveries.failed(connection, flying, "answered 500", 140))
    assert [(one.crossing_id, one.next_attempt_at) for one in there(opened)] == [(first, 130), (second, None)]
    assert there(opened)[1].last_error == "answered 500"


def test_crossings_are_listed_by_state_and_lead_the_newest_first(opened: Store) -> None:
    a, b = crossings_of(opened, "a", 2, at=100), crossings_of(opened, "b", 1, at=200)
    with opened.database.reading() as connection:
        assert [one.crossing_id for one in deliveries.listed(connection, ["pending"], None, 9)] == [*b, a[1], a[0]]
        assert [one.crossing_id for one in deliveries.listed(connection, ["pending"], "a", 1)] == [a[1]]
        assert deliveries.listed(connection, ["dead", "delivered"], None, 9) == ()
        assert deliveries.counts(connection) == {"pending": 3}
        assert deliveries.waiting(connection) == (3, 100)


def test_a_crossing_that_is_made_while_the_one_before_it_ends_is_not_left_waiting(opened: Store) -> None:
    """Else the one sees the other pending, waits for it, and nobody ever makes it due."""
    rounds, order, done = 60, [], threading.Event()
    note(opened, answer("a", "lead", 1, grade="A"))

    def make() -> None:
        for number in range(rounds):
            note(opened, answer("a", "lead", 2 + number, grade="BA"[number % 2]))
        done.set()

    def empty() -> None:
        deadline = time.monotonic() + 20
        while (len(order) < rounds or not done.is_set()) and time.monotonic() < deadline:
            taken = take(opened, 1_000)
            if taken is not None:
                order.append(taken.number)
                deliver(opened, taken, 1_000)

    threads = [threading.Thread(target=one) for one in (make, empty, empty)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert order == list(range(1, rounds + 1))


def test_a_taken_crossing_is_passed_over_by_others_while_it_is_being_taken(opened: Store) -> None:
    crossings_of(opened, "a", 1)
    changed(opened, sa.update(CROSSINGS).values(next_attempt_at=50))
    taken: list[object] = []
    threads = [threading.Thread(target=lambda: taken.append(take(opened, 100, until=200))) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(one is not None for one in taken) == 1
