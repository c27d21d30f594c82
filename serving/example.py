"""A request to try out: a real lead's, ready to paste into a shell."""

import json
import shlex

from histories.contract import LeadHistory
from serving.mapping import request_of


def curl_example(url: str, history: LeadHistory, as_of: int | None = None, reasons: int = 3) -> str:
    """Return a curl command that asks the service at `url` about this lead; paste it into any POSIX shell."""
    body = json.dumps(request_of(history, as_of, reasons), ensure_ascii=False)
    return f"curl -s {url}/v1/predict_one -H 'Content-Type: application/json' -d {shlex.quote(body)}"
