"""What every test may ask for: the folder of real data, or a skip that says why."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that LEAD_SCORING_REAL_DATA names, by default ../shared/data; the test skips where there is none."""
    folder = Path(os.environ.get("LEAD_SCORING_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "bpic2012" / "events.csv.gz").exists():
        pytest.skip(f"no real data in {folder}; name the folder that has it in LEAD_SCORING_REAL_DATA")
    return folder
