"""Stands between a guide's code and the service: hands requests on, keeps them, and plays HubSpot's search."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

EMAILS = [
    {"id": "9001", "properties": {"hs_timestamp": "2026-02-28T08:30:00Z", "hs_email_direction": "INCOMING_EMAIL"}}
]
CALLS = [
    {
        "id": "9002",
        "properties": {
            "hs_timestamp": "2026-02-28T15:00:00Z",
            "hs_call_direction": "OUTBOUND",
            "hs_call_duration": "125000",
        },
    },
    {"id": "9003", "properties": {"hs_timestamp": None, "hs_call_direction": "OUTBOUND", "hs_call_duration": None}},
]
ACTIVITIES: dict[str, list[dict[str, Any]]] = {"emails": EMAILS, "calls": CALLS, "meetings": []}


@dataclass
class Between:
    """Where it is, what it was asked and answered. `status` other than 200: answer so in the service's place."""

    url: str = ""
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, service: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, Any]:
        """Return status and body for one request."""
        if path.startswith("/crm/v3/objects/"):
            (filters,) = body["filterGroups"]
            (one,) = filters["filters"]
            known = (one["propertyName"], one["operator"], one["value"], headers["Authorization"])
            assert known == ("associations.contact", "EQ", "51", "Bearer hubspot-token")
            return 200, {"results": ACTIVITIES[path.split("/")[4]]}
        self.asked.append(body)
        self.headers.append(headers)
        if self.status != 200:
            error = {"code": "not_now", "message": "try again", "field": None, "request_id": "r"}
            return self.status, {"error": error}
        response = httpx.post(service + path, json=body, timeout=30)
        self.answered.append(response.json())
        return response.status_code, response.json()


@contextmanager
def between(service: str) -> Iterator[Between]:
    """Listen on a free port of this machine for as long as the block runs."""
    one = Between()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = one.answer(service, self.path, body, dict(self.headers))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        one.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield one
        finally:
            server.shutdown()
            thread.join()
