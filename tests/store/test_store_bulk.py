"""Rows into a table at speed: what has a meaning of its own in COPY's text form, and lookups in tables that are new."""

import itertools

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from histories.contract import Direction, Interaction
from histories.store import InteractionRow, LeadRow, Store, lead
from histories.store.database.among import among
from histories.store.database.schema import INTERACTIONS

# All that COPY could read otherwise: its null, its end, its separators, escapes of octal and hex digits.
SIGNS = st.lists(
    st.sampled_from(["\\", "N", ".", "\t", "\n", "\r", "x41", "101", '"', "'", ",", "{", "}", "é", " ", "\x1f", "\x7f"])
).map("".join)
EXAMPLES = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(SIGNS, min_size=1, max_size=4, unique=True), channel=st.none() | SIGNS)
def test_what_copy_reads_as_a_sign_comes_back_as_it_was(opened: Store, names: list[str], channel: str | None) -> None:
    lead_id = f"\\N\t{next(EXAMPLES)}"
    opened.add_leads([LeadRow(lead_id, 0)], 1)
    told = {
        Interaction(f"{one}{lead_id}", 5, f"\\.{one}", 5, channel, Direction.INBOUND, 0.1 + place)
        for place, one in enumerate(names)
    }
    opened.add_interactions([InteractionRow(lead_id, one) for one in told], 1)
    found = lead(opened, lead_id)
    assert found is not None
    assert set(found.interactions) == told


def test_a_lookup_by_many_names_never_compares_each_row_with_each_name_however_new_the_table(opened: Store) -> None:
    opened.add_leads([LeadRow("a", 0)], 1)
    for batch in range(3):
        told = [Interaction(f"{batch}:{number}", 5, "call", 5) for number in range(1000)]
        opened.add_interactions([InteractionRow("a", one) for one in told], 1)
    with opened.database.reading() as connection:
        if connection.dialect.name != "postgresql":
            return
        query = sa.select(INTERACTIONS.c.kind).where(
            among(connection, INTERACTIONS.c.interaction_id, [f"0:{number}" for number in range(500)])
        )
        words = str(query.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(line for (line,) in connection.exec_driver_sql(f"explain {words}"))
    assert "ANY" not in plan
    assert "Index" in plan or "Hash" in plan
