"""A board scored shard by shard: the file of the answers themselves, and what is said of it."""

import importlib
import sys
from collections import Counter
from pathlib import Path

import pytest
from pyarrow import csv, parquet
from serving_export import write as write_export

from histories import export, sharding, shards
from histories.clock import DAY
from histories.machine import GB
from scoring.bundle import Bundle
from scoring.rulebook import Rulebook
from scoring.scorer import Scorer
from serving.board import batch, call_list, sharded

sys.path.append(str(Path(__file__).parents[1] / "scoring"))
small_bundle = importlib.import_module("small_bundle")


@pytest.mark.parametrize(
    ("reasons", "name", "read"), [(0, "s.parquet", parquet.read_table), (2, "s.csv", csv.read_csv)]
)
def test_the_file_is_that_of_the_answers_whatever_the_shards(
    bundle: Bundle, rulebook: Rulebook, as_of: int, tmp_path: Path, reasons: int, name: str, read
) -> None:
    scorer, now = Scorer(bundle, rulebook), as_of + 100 * DAY
    config = write_export(small_bundle.leads(), tmp_path / "export", as_of + 80 * DAY, small_bundle.FAMILIES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharding, "count", lambda *_: 3)
        made = shards.write(config, now, tmp_path / "shards", GB)
    answers = scorer.score_board(export.read(config, now).histories, as_of, reasons)
    batch.write(answers, as_of, tmp_path / "local" / name)
    written = sharded.score(made, scorer, as_of, reasons, tmp_path / name, threads=2)
    # Arrow's own comparison takes numbers that differ in the last bit for different.
    assert read(tmp_path / name).equals(read(tmp_path / "local" / name))
    assert written.leads == len(answers) > 100
    assert written.actions == Counter(one.next_action for one in answers)
    strongest = sharded.strongest(made, scorer, as_of, 3, written)
    expected = call_list.strongest(answers, 10)
    assert [one.lead_id for one in strongest] == [one.lead_id for one in expected]
    assert [one.probability_customer for one in strongest] == [one.probability_customer for one in expected]
    assert all(one.reasons for one in strongest)


def test_columns_are_the_rows_of_the_answers(bundle: Bundle, rulebook: Rulebook, as_of: int) -> None:
    scorer = Scorer(bundle, rulebook)
    (scores,) = scorer.boards(small_bundle.histories(), as_of, 2)
    assert batch.columns(scores, as_of).equals(batch.table(scores.answers(), as_of))
