"""The path on real leads: train, score, serve one. What is read of them is held in tests/histories."""

import time
from pathlib import Path

import pandas as pd
import pytest
from command_walk import answer, run, serving

from histories import clock, export, select
from serving.wire.example import curl_example

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
@pytest.mark.parametrize(("name", "open_leads"), [("bpic2012", 399), ("olist", 7_158)])
def test_an_example_goes_the_whole_way(name: str, open_leads: int, tmp_path: Path) -> None:
    config = EXAMPLES / name / "crm.toml"
    for words in (("train", str(config)), ("score", str(config), "-o", "scores.parquet")):
        done = run(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    assert len(scores) == open_leads
    assert set(scores["status"]) == {"scored"}
    assert scores["probability_customer"].between(0, 1, inclusive="neither").all()
    first = scores.iloc[0]
    history = select.lead(export.read(config, time.time_ns() // 1000).histories, first["lead_id"])
    with serving(tmp_path, 38_218) as (_, url):
        found = answer(curl_example(url, tmp_path / "ask.json", history, clock.parse(first["as_of"])))
    assert found["probability_customer"] == first["probability_customer"]
    assert found["rule_points"] == first["rule_points"]
