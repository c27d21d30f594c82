"""Asks an ASGI application without a socket between, and writes what is asked of `/v1/predict`."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx

from histories import clock
from histories.contract import LeadHistory
from serving.wire.mapping import Json, request_of


def batch_of(histories: Iterable[LeadHistory], as_of: int | None = None, reasons: int | None = None) -> dict[str, Json]:
    """Return the body of `/v1/predict` that tells these histories."""
    around: dict[str, Json] = {"as_of": clock.iso_or_none(as_of), "reasons": reasons}
    leads: list[Json] = [request_of(one) for one in histories]
    return {name: value for name, value in around.items() if value is not None} | {"leads": leads}


class InProcess:
    """One request at a time, each on an event loop of its own; an exception in the application is raised here."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def head(self, path: str) -> httpx.Response:
        return self.request("HEAD", path)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
