"""Once the predictor is warm, no request makes the compiler work again."""

import json
import subprocess
import sys
from pathlib import Path

from serving_world import Packable

# In a process of its own: here, other tests may have compiled what a service would not have.
COUNT = """
import json, sys
from pathlib import Path
from serving.engine import load

def versions():
    return {
        f"{module.__name__}.{name}": len(found.signatures)
        for module in list(sys.modules.values()) if module.__name__.split(".")[0] in {"features", "scoring", "histories"}
        for name, found in vars(module).items() if hasattr(found, "signatures") and hasattr(found, "py_func")
    }

folder, rulebook, body = Path(sys.argv[1]), Path(sys.argv[2]), sys.stdin.buffer.read()
predictor = load(folder, rulebook, 10_000)
warm = versions()
reply = predictor.predict(body, "r1", 1_700_000_000_000_000)
print(json.dumps({"warm": warm, "after": versions(), "scored": reply.counts.scored, "failed": reply.counts.failed}))
"""


def event(number: int, **more: object) -> dict[str, object]:
    return {"interaction_id": str(number), "occurred_at": f"2023-01-{number:02}T00:00:00Z", "kind": "reply", **more}


def test_a_warm_predictor_compiles_nothing_for_its_first_requests(packable: Packable, tmp_path: Path) -> None:
    """Leads with nothing, with all there is, unordered, tied, with and without an account."""
    lead: dict[str, object] = {
        "lead_id": "a",
        "created_at": "2022-12-01T00:00:00Z",
        "attributes": {},
        "interactions": [],
    }
    full = [event(3, value=1.5, channel="web", direction="inbound"), event(2, received_at="2023-01-03T00:00:00Z")]
    tied = [event(4), event(5, occurred_at="2023-01-04T00:00:00Z"), event(4)]
    leads = [
        lead,
        lead | {"lead_id": "b", "interactions": full, "account_interactions": []},
        lead | {"lead_id": "c", "interactions": tied, "account_interactions": full, "account_id": "x"},
        lead | {"lead_id": "d", "outcomes": [{"stage": "mql", "reached_at": "2023-01-01T00:00:00Z"}]},
        lead | {"lead_id": "e", "attributes": {"industry": "software", "employees": 3}},
    ]
    (tmp_path / "bundle").symlink_to(packable.bundle_folder, target_is_directory=True)
    run = subprocess.run(
        [sys.executable, "-c", COUNT, str(tmp_path), str(packable.rulebook)],
        input=json.dumps({"leads": leads}).encode(),
        capture_output=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr.decode()
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["scored"] == len(leads)
    assert found["warm"]["features.kernel.kernel.row"] == 1
    assert found["after"] == found["warm"]
