"""Nine months of answers on a simulated company, and what the monitor makes of them: the output in docs/monitor.md.

The sample is put into a store; a bundle learns from what was known nine months before its end; from then on all open
leads are scored every week, and a list of calls is handed over with a share by lot. Then the monitor looks.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "training"))
sys.path.insert(0, str(ROOT))

import monitored  # noqa: E402
from rich.console import Console  # noqa: E402

from histories import clock, export, store  # noqa: E402
from histories.clock import DAY  # noqa: E402
from histories.sample import write  # noqa: E402
from scoring import rulebook as rulebooks  # noqa: E402
from scoring.scorer import Scorer  # noqa: E402
from serving.board.exploring import Lot  # noqa: E402
from serving.board.handing_over import write_down  # noqa: E402
from serving.board.today import Terms, choose  # noqa: E402
from training import fit, recipe  # noqa: E402
from training.monitor import run, screen  # noqa: E402

console = Console(width=100)


def main() -> None:
    """Fill a folder, and print what the monitor says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="made; must not exist")
    parser.add_argument("--leads", type=int, default=6000)
    parser.add_argument("--calls", type=int, default=120, help="a week")
    parser.add_argument("--explore", type=float, default=0.1)
    asked = parser.parse_args()
    write(asked.folder, asked.leads, 30, 1)
    histories = export.read(asked.folder / "crm.toml", clock.parse("2100-01-01")).histories
    end = histories.exported_at - histories.exported_at % DAY
    border = end - 270 * DAY
    opened = monitored.made(asked.folder / "store.db")
    monitored.fill(opened, histories)
    console.print(f"{histories.leads.num_rows:,} leads in the store; learning from what was known {clock.date(border)}")
    rules, settings = rulebooks.read(asked.folder / "rulebook.toml"), recipe.default()
    known = store.histories(opened, border)
    bundle = fit.fit_prepared(known, settings, rules, fit.prepare(known, settings), now=border, source="store").bundle
    count = monitored.answer(opened, bundle, rules, range(border + 7 * DAY, end + 1, 7 * DAY), 400 * DAY)
    console.print(f"{count:,} answers given; handing lists over")
    scorer = Scorer(bundle, rules)
    for day in range(border + 7 * DAY, end + 1, 7 * DAY):
        board, lot = store.histories(opened, day), Lot(asked.explore, day // DAY)
        write_down(opened, choose(scorer, board, day, asked.calls, Terms(), 0, lot), scorer, opened.watermark(), day)
    place = f"sqlite:///{asked.folder}/mlflow.db"
    watched, _ = run.monitor(opened, 0, end, tracking_uri=place)
    screen.render(watched, Console(width=80))


if __name__ == "__main__":
    main()
