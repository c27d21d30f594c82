"""What Python's collector looks through once a service has loaded."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from serving import collector


class Ring:
    """In a cycle with itself: only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_loaded_is_looked_through_no_more_and_new_garbage_still_is() -> None:
    stays = [Ring() for _ in range(1000)]
    collector.settle()
    assert gc.get_freeze_count() >= len(stays)
    assert len(gc.get_objects()) < len(stays)
    seen = weakref.ref(Ring())
    assert seen() is not None
    gc.collect()
    assert seen() is None


def test_what_an_earlier_load_left_in_cycles_is_freed_by_the_next() -> None:
    old = Ring()
    seen = weakref.ref(old)
    collector.settle()
    del old
    gc.collect()
    assert seen() is not None
    collector.settle()
    assert seen() is None
