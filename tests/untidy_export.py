"""An export in which everything occurs that CRMs do: accounts, copies, shared meetings, late arrivals, bad rows."""

import random
from pathlib import Path

import pytest

from histories import clock, sharding
from histories.clock import DAY

NOW = clock.parse("2030-01-01")
CUTOFF = clock.parse("2020-06-01")
EXPORTED = clock.parse("2020-12-31T00:00:00+01:00")
CONFIG = """timezone = "Europe/Amsterdam"
exported_at = 2020-12-31
max_bad_share = 1
[leads]
file = "leads.csv"
lead_id = "id"
created_at = "created"
account_id = "account"
[leads.attributes]
industry = "category"
size = "number"
[[interactions]]
file = "mails.csv"
interaction_id = "no"
lead_id = "lead"
occurred_at = "at"
received_at = "got"
kind = "{kind}"
channel = "{via}"
direction = "{by}"
value = "worth"
[[interactions]]
file = "mails.csv"
name = "again"
lead_id = "lead"
occurred_at = "at"
kind = "call"
[[interactions]]
file = "none.csv"
lead_id = "lead"
occurred_at = "at"
kind = "call"
[[attributes]]
file = "sizes.csv"
lead_id = "lead"
name = "size"
value = "size"
known_at = "at"
[[outcomes]]
file = "deals.csv"
lead_id = "lead"
stage = "{stage}"
reached_at = "at"
[outcomes.map]
won = "customer"
open = ""
[families]
intent = ["pricing"]
two_way = ["reply"]
"""


def write_export(folder: Path, seed: int, leads: int, events: int) -> Path:
    """Write the export and return its crm.toml; one of its sources has no rows."""
    draw = random.Random(seed)  # noqa: S311 - a seeded example, no secret

    def day(first: int, last: int) -> str:
        return clock.iso(CUTOFF + draw.randint(first, last) * DAY // 2 + draw.randint(-1, 1))

    ids = [f"lead {n}" for n in range(leads)]
    folder.mkdir(exist_ok=True)
    rows = [["id", "created", "account", "industry", "size"]]
    rows += [
        [
            one,
            day(-300, 10),
            draw.choice(["", "acme", "solo", "trio"]),
            draw.choice(["bank", "farm", ""]),
            draw.choice(["3", "many", ""]),
        ]
        for one in [*ids, *ids[:1]]
    ]
    _csv(folder / "leads.csv", rows)
    mails = [
        [
            f"m{draw.randint(0, events)}",
            draw.choice([*ids, "nobody"]),
            day(-200, 20),
            draw.choice(["", "", day(-100, 40)]),
            draw.choice(["mail", "reply", "pricing", "odd"]),
            draw.choice(["", "web", "email"]),
            draw.choice(["", "inbound", "outbound"]),
            draw.choice(["", "1.5", "-2", "much"]),
        ]
        for _ in range(events)
    ]
    unreadable = ["m", ids[0], "soon", "", "mail", "", "", ""]
    shared = [[*one[:1], draw.choice(ids), *one[2:]] for one in mails[: events // 4]]
    _csv(
        folder / "mails.csv",
        [["no", "lead", "at", "got", "kind", "via", "by", "worth"], *mails, *mails[: events // 5], *shared, unreadable],
    )
    _csv(folder / "none.csv", [["lead", "at"]])
    _csv(
        folder / "sizes.csv",
        [["lead", "size", "at"], *([draw.choice(ids), draw.choice(["9", ""]), day(-200, 10)] for _ in range(leads))],
    )
    stages = ["mql", "sql", "lost", "won", "open"]
    _csv(
        folder / "deals.csv",
        [["lead", "stage", "at"], *([draw.choice(ids), draw.choice(stages), day(-100, 50)] for _ in range(leads))],
    )
    (folder / "crm.toml").write_text(CONFIG)
    return folder / "crm.toml"


def _csv(path: Path, rows: list[list[str]]) -> None:
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def into(shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut it into so many shards: small exports would make one always."""
    monkeypatch.setattr(sharding, "count", lambda *_: shards)
