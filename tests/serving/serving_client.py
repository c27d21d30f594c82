"""Asks an ASGI application without a socket between."""

import asyncio
from typing import Any

import httpx


class InProcess:
    """One request at a time, each on an event loop of its own; an exception in the application is raised here."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)

    def head(self, path: str) -> httpx.Response:
        return self.request("HEAD", path)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
