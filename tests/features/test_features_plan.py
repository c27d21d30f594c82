"""The kernel's constants are those of the catalogue and the encoding."""

import numpy as np
from feature_histories import CATALOGUE

from features import declaration
from features.encoding import signature, zone
from features.kernel import layout, state
from features.kernel.plan import plan


def test_the_encoding_s_codes_have_room_in_the_kernel_s_masks() -> None:
    assert signature.MOST_KINDS < signature.KIND_MASK
    assert signature.MOST_CHANNELS < signature.NO_CHANNEL
    assert signature.FIRST_FAMILY + signature.MOST_FAMILIES + signature.GROUP_SHIFT <= 63
    assert state.NEVER == zone.EVER == np.iinfo(np.int64).min
    assert state.INTS - state.CHANNELS > signature.MOST_CHANNELS


def test_a_signal_has_as_many_columns_as_the_kernel_fills() -> None:
    one = CATALOGUE.signals[0]
    names = [feature.name for template in declaration.SIGNAL for feature in template.features(one)]
    assert len(names) == layout.WIDTH
    assert names[layout.DECAYED].endswith("_decayed_1d")
    assert names[layout.FIRST_AGE].endswith("_since_first_days")
    assert names[layout.AGE].endswith("_age_days")
    assert [names[place][-3:] for place in (layout.W7, layout.W30, layout.W90, layout.ALL)] == [
        "_7d",
        "30d",
        "90d",
        "all",
    ]
    assert len(declaration.WINDOWS) + 1 == layout.WINDOWS
    assert len(declaration.HALF_LIVES) == layout.HALVES
    assert layout.WINDOWS + layout.HALVES <= state.LANES


def test_a_hidden_signal_is_the_columns_of_a_signal_then_its_sums() -> None:
    assert layout.HIDDEN_SUMS == layout.WIDTH
    assert layout.HIDDEN_WIDTH == layout.WIDTH + layout.WINDOWS


def test_blocks_follow_each_other_up_to_the_last_column() -> None:
    places = plan(CATALOGUE).layout
    starts = places[layout.SUMS : layout.COLUMNS + 1].tolist()
    assert starts == sorted(starts)
    assert starts[0] == layout.WIDTH * len(CATALOGUE.signals)
    assert starts[-1] == len(CATALOGUE.features)
    assert CATALOGUE.names[places[layout.LEAD]] == "lead_age_days"
    assert CATALOGUE.names[places[layout.ACCOUNT]] == "account_others_count_1d"


def test_windows_and_half_lives_ascend() -> None:
    """The sweep takes events out of the widest window first, and sums end with the widest."""
    places = plan(CATALOGUE).layout
    for begin, size in ((layout.EDGES, layout.WINDOWS - 1), (layout.HALF_LIVES, layout.HALVES)):
        found = places[begin : begin + size].tolist()
        assert found == sorted(set(found))


def test_a_blank_row_holds_what_the_columns_say_of_absence() -> None:
    blank = dict(zip(CATALOGUE.names, plan(CATALOGUE).blank.tolist(), strict=True))
    assert (blank["interactions_count_7d"], blank["inbound_trend_7d_30d"]) == (0, 1)
    assert np.isnan([blank["pricing_age_days"], blank["latest_hour"], blank["account_others_count_1d"]]).all()


def test_equal_catalogues_share_a_plan() -> None:
    assert plan(type(CATALOGUE).from_json(CATALOGUE.to_json())) is plan(CATALOGUE)
