"""The end of the demo: the champion served, MLflow's pages beside it, and a request to try on both."""

import contextlib
from pathlib import Path

from rich.console import Console

from histories import export, select
from scoring.scorer import Scorer
from serving import serve as service
from serving.board import call_list
from serving.wire.example import curl_example
from training.promote import Resolved
from training.tracking import pages


def serve(champion: Resolved, scorer: Scorer, config: Path, port: int, now: int, console: Console) -> None:
    """Serve until the user interrupts, and print where to look and what to ask. `now`: UTC microseconds."""
    histories = export.read(config, now).histories
    answers = scorer.score_board(histories, histories.exported_at, 0)
    strongest = select.lead(histories, call_list.strongest(answers, 1)[0].lead_id)
    log = config.parent / "service.log"
    console.print(f"MLflow's pages and the service are starting; what the service says goes to {log}", style="dim")
    with (
        contextlib.suppress(KeyboardInterrupt),
        pages(champion.version) as link,
        service.background(champion.folder, champion.rulebook, port=port, log=log) as served,
    ):
        ask = curl_example(served.url, config.parent / "request.json", strongest, histories.exported_at)
        console.print("\nModel and rules side by side:", style="bold")
        console.print(link, soft_wrap=True, markup=False)
        console.print(f"\nAsk for the score of {strongest.lead_id}:", style="bold")
        console.print(ask, soft_wrap=True, markup=False)
        console.print("\nCtrl-C ends it.", style="dim")
        served.wait()
