"""Which columns a ridge looks at: what a lead is, where it stands, what it did, each said once."""

from small_company import Trained

from training import ridge_columns


def test_a_ridge_looks_at_decayed_counts_stages_attributes_and_the_accounts_others(trained: Trained) -> None:
    catalogue = trained.result.bundle.catalogue
    found = ridge_columns.of(catalogue)
    assert found.names == catalogue.names
    lines = {catalogue.names[place] for place in found.lines}
    assert {"inbound_decayed_7d", "inbound_decayed_30d", "sql_reached", "lead_age_days"} <= lines
    assert {"account_others_count_30d", "account_others_intent_count_30d"} <= lines
    assert not {"inbound_count_7d", "inbound_decayed_3d", "inbound_trend_7d_30d", "sql_age_days"} & lines
    assert not any(name.startswith(("gap_", "latest_", "sessions_")) for name in lines)


def test_every_attribute_is_looked_at_once_categories_as_codes_and_numbers_in_ranges(trained: Trained) -> None:
    catalogue = trained.result.bundle.catalogue
    found = ridge_columns.of(catalogue)
    attributes = {place for place, one in enumerate(catalogue.features) if one.signal.startswith("attribute:")}
    assert attributes == {*found.codes, *found.ranges}
    assert all(catalogue.features[place].categorical for place in found.codes)
    assert not any(catalogue.features[place].categorical for place in (*found.ranges, *found.lines))
    assert len({*found.lines, *found.codes, *found.ranges}) == len(found.lines) + len(found.codes) + len(found.ranges)
