"""HubSpot's events and signatures, and a door that keeps what they tell."""

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx
from serving_client import InProcess
from serving_door import JSON, NOW, Answering, echo, nothing_else
from serving_intake import intake, said

from histories import clock
from histories.store import Store
from serving.engine import Engine
from serving.http.door import Door
from serving.http.metrics import Metrics
from serving.live.intake import Intake
from serving.secret import Secret
from serving.settings import Settings
from serving.specs import openapi

SECRET, URL = "yyyyyyyy-yyyy", "https://scores.example.com"
AT = clock.parse("2026-02-01") // 1000  # as HubSpot tells a moment
SETTINGS = Settings(
    hubspot_secret=Secret(SECRET), public_url=URL, hubspot_attributes="numberofemployees=employees", open_metrics=True
)


class Keeping(Answering):
    def __init__(self, kept: Intake) -> None:
        super().__init__(echo)
        self._kept = kept

    @property
    def intake(self) -> Intake:
        return self._kept


def asked(opened: Store, settings: Settings) -> InProcess:
    return InProcess(door_of(opened, settings))


def door_of(opened: Store, settings: Settings) -> Door:
    engine = Engine(None, 10)
    engine.hold(Keeping(intake(opened)))
    return Door(nothing_else, engine, settings, Metrics(multiprocess=False), lambda: NOW, openapi.docs, lambda: 0)


def headers(body: bytes, uri: str = f"{URL}/v1/hubspot", at: int = NOW // 1000, secret: str = SECRET) -> dict[str, str]:
    """As HubSpot's documentation says, step by step."""
    text = b"POST" + uri.encode() + body + str(at).encode()
    signed = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {**JSON, "X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": str(at)}


def event(kind: str, contact: int = 51, **more: Any) -> dict[str, Any]:
    about = {"subscriptionId": 4, "portalId": 62515, "appId": 54, "eventId": 100, "attemptNumber": 0}
    return {**about, "subscriptionType": kind, "objectId": contact, "occurredAt": AT, "changeSource": "CRM", **more}


def changed(name: str, value: str, **more: Any) -> dict[str, Any]:
    return event("contact.propertyChange", **{"propertyName": name, "propertyValue": value, **more})


def sent(client: InProcess, *events: dict[str, Any]) -> httpx.Response:
    body = json.dumps(events).encode()
    return client.post("/v1/hubspot", content=body, headers=headers(body))


def told(response: httpx.Response) -> list[tuple[str, str | None]]:
    assert response.status_code == 200, response.text
    return said(response.json())
