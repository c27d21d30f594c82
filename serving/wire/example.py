"""A request to try out: a real lead's, in a file, and the command that sends it."""

import json
import shlex
from pathlib import Path

from histories.contract import LeadHistory
from histories.whole_file import whole_file
from serving.wire.mapping import request_of


def curl_example(url: str, request: Path, history: LeadHistory, as_of: int | None = None, reasons: int = 3) -> str:
    """Write the request that tells this history into a file, and return the curl command that asks `url` with it."""
    with whole_file(request) as unfinished:
        unfinished.write_text(json.dumps(request_of(history, as_of, reasons), indent=1, ensure_ascii=False), "utf-8")
    sent = shlex.quote(f"@{request}")
    return f"curl -s {url}/v1/predict_one -H 'Content-Type: application/json' -d {sent}"
