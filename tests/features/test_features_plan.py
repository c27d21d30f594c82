"""The kernel's constants, which may stand in no other file, are those of the catalogue and the encoding."""

from feature_histories import CATALOGUE
from numpy import iinfo, int64

from features import declaration, kernel, signature, zone
from features.plan import plan


def test_the_encoding_s_constants_are_the_kernel_s() -> None:
    for name in ("CHANNEL_SHIFT", "GROUP_SHIFT", "NO_CHANNEL", "INBOUND", "OUTBOUND", "REPLIES"):
        assert getattr(kernel, name) == getattr(signature, name), name
    assert signature.MOST_KINDS < kernel.KIND_MASK
    assert signature.MOST_CHANNELS < kernel.NO_CHANNEL
    assert signature.FIRST_FAMILY + signature.MOST_FAMILIES + kernel.GROUP_SHIFT <= 63
    assert kernel.NEVER == zone.EVER == iinfo(int64).min


def test_a_signal_has_as_many_columns_as_the_kernel_fills() -> None:
    one = CATALOGUE.signals[0]
    names = [feature.name for template in declaration.SIGNAL for feature in template.features(one)]
    assert len(names) == kernel.WIDTH
    assert names[kernel.DECAYED].endswith("_decayed_1d")
    assert names[kernel.FIRST_AGE].endswith("_since_first_days")
    assert names[kernel.AGE].endswith("_age_days")
    assert [names[place][-3:] for place in (kernel.W7, kernel.W30, kernel.W90, kernel.ALL)] == [
        "_7d",
        "30d",
        "90d",
        "all",
    ]
    assert len(declaration.WINDOWS) + 1 == kernel.WINDOWS


def test_blocks_follow_each_other_up_to_the_last_column() -> None:
    layout = plan(CATALOGUE).layout
    starts = layout[kernel.SUMS : kernel.COLUMNS + 1].tolist()
    assert starts == sorted(starts)
    assert starts[0] == kernel.WIDTH * len(CATALOGUE.signals)
    assert starts[-1] == len(CATALOGUE.features)
    assert CATALOGUE.names[layout[kernel.LEAD]] == "lead_age_days"
    assert CATALOGUE.names[layout[kernel.ACCOUNT]] == "account_others_count_1d"


def test_equal_catalogues_share_a_plan() -> None:
    assert plan(type(CATALOGUE).from_json(CATALOGUE.to_json())) is plan(CATALOGUE)
