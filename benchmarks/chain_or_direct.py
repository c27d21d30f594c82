"""The customer as the ladder learns it directly, beside the chain by way of sql: on windows inside training, and on the test.

    uv run python benchmarks/chain_or_direct.py FOLDER [--seeds 2]

Reads the folder's crm.toml, recipe.toml and rulebook.toml. For each seed: the log loss of both on the windows, by which
training keeps one of them; then log loss, AUC and predicted over observed of both on the test, for the record.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import case  # noqa: E402
from histories.contract import Target  # noqa: E402
from scoring.chain import Chain  # noqa: E402
from scoring.model import Model  # noqa: E402
from training import chain  # noqa: E402
from training.evaluate import Ranking  # noqa: E402
from training.fit import see  # noqa: E402
from training.fitted import silent  # noqa: E402
from training.ladder import learn_step  # noqa: E402


def main() -> None:
    """Print a table with two rows a seed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    call = parser.parse_args()
    given = case.read(call.folder)
    histories, rules, catalogue = given.histories, given.rules, given.prepared.catalogue
    question = given.prepared.questions[Target.CUSTOMER]
    seen = see(histories, catalogue, rules, question)
    snapshots, parts = question.snapshots, question.split
    trained, labels = len(parts.train), snapshots.label[parts.test]
    customer = chain.Part(seen.matrix[:trained], snapshots, parts)
    answer = [
        (
            f"{trained} training snapshots, {snapshots.converted_leads(parts.train)} converted leads, "
            f"{len(parts.folds)} windows; {len(parts.test)} test snapshots, {snapshots.converted_leads(parts.test)} "
            "converted leads\n"
        ),
        "| seed | learnt | log loss on the windows | log loss on the test | AUC | predicted / observed |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(answer), flush=True)  # noqa: T201 -- the command's answer
    for seed in range(1, call.seeds + 1):
        points = seen.hundredths[:trained]
        taught = learn_step(customer.matrix, points, snapshots, parts, catalogue, seed, None, silent)
        if taught.learnt is None:
            raise SystemExit(taught.why)
        direct = taught.learnt
        tried = chain.chained(direct, customer, histories, catalogue, seed, silent)
        if tried.chain is None:
            raise SystemExit(tried.route.sentence)
        losses = (tried.route.direct_log_loss, tried.route.chain_log_loss)
        ways: tuple[tuple[str, Model | Chain], ...] = (
            (f"directly ({taught.step})", direct.model),
            ("chain", tried.chain),
        )
        for (name, model), loss in zip(ways, losses, strict=True):
            found = model.probabilities(seen.matrix[trained:], seen.hundredths[trained:])
            test = Ranking(labels, found, found).measures(np.ones((1, len(labels))))
            figures = " | ".join(f"{test[one][0]:.4f}" for one in ("log_loss", "auc", "predicted_over_observed"))
            print(f"| {seed} | {name} | {loss:.5f} | {figures} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
