"""Good, greedy, bad, slow and cut-off clients at once; `make soak` does it for ten minutes."""

from collections.abc import Sequence

import pytest
from serving_world import Packable

from benchmarks.soak.soak import soak
from histories.contract import LeadHistory


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_half_a_minute_of_mixed_load_breaks_nothing_but_what_needs_longer_to_settle(
    packable: Packable, leads: Sequence[LeadHistory], as_of: int
) -> None:
    found = soak(packable.bundle_folder, packable.rulebook, leads[:26], as_of, 30)
    assert [one for one in found.broken if not one.startswith(("memory", "descriptors"))] == []
