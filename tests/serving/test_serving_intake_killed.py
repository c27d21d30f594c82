"""The service killed under eight writers that post until they are answered: nothing acknowledged is lost, or there twice."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from serving_world import Packable

from benchmarks.intake import check, load
from benchmarks.intake.run import Service, run
from histories import select, store
from histories.clock import DAY
from histories.store import Definitions, Store

WRITERS, ROWS, KILLS = 8, 10, 3
small_bundle = importlib.import_module("small_bundle")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_writers_against_a_killed_service_leave_each_interaction_once_with_the_exports_points_and_features(
    packable: Packable, store_url: str, tmp_path: Path
) -> None:
    made = small_bundle.histories()  # some things in it happen after it was taken, which no export has
    exported = load.arriving(replace(made, exported_at=made.exported_at + 60 * DAY))
    posts = load.write(tmp_path, exported, list(select.each(exported)), WRITERS, 1, ROWS)
    assert posts.rows == posts.interactions + posts.interactions // 4
    with Store.open(store_url) as opened:
        store.define(opened, Definitions(exported.timezone, exported.families, exported.attribute_types), 1)
    ran = run(Service(packable.bundle_folder, packable.rulebook, store_url, 1), posts, KILLS, tmp_path)
    heard = ran.acknowledged
    assert heard.added <= posts.interactions
    assert heard.added + heard.duplicates == posts.rows
    with Store.open(store_url) as opened:
        found = check.broken(opened, posts, heard, exported, packable.bundle_folder, packable.rulebook, 200)
        assert list(found) == []
