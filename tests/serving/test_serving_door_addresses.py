"""No address that a request names is ever asked: there is a listener at it, and nobody comes."""

import socket
from pathlib import Path

from serving_client import InProcess
from serving_door import NOW, key, nothing_else

from histories import clock
from histories.contract import LeadHistory
from serving.engine import Engine
from serving.http.door import Door
from serving.http.metrics import Metrics
from serving.http.permission import Permission
from serving.predictor import Predictor
from serving.settings import Settings
from serving.specs import openapi
from serving.wire import mapping


def test_no_address_in_a_request_is_ever_fetched(
    predictor: Predictor, leads: tuple[LeadHistory, ...], tmp_path: Path
) -> None:
    engine, file = Engine(None, 10), tmp_path / "keys.json"
    engine.hold(predictor)
    shown = key(file, Permission.PREDICT, Permission.EXPLAIN)  # without a key no page of another origin gets this far
    settings = Settings(keys=file)
    one = InProcess(Door(nothing_else, engine, settings, Metrics(multiprocess=False), lambda: NOW, openapi.docs))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
        touch = {"interaction_id": url, "occurred_at": "2026-02-01T00:00:00Z", "kind": url, "channel": url}
        lead = mapping.request_of(leads[0]) | {
            "lead_id": url,
            "account_id": url,
            "attributes": {"industry": url, "website": url, url: url, "file": Path(__file__).as_uri()},
            "interactions": [touch],
            "account_interactions": [touch],
        }
        event = {
            "specversion": "1.0",
            "id": url,
            "source": url,
            "type": url,
            "dataschema": url,
            "time": touch["occurred_at"],
        }
        track = {
            "type": "track",
            "event": url,
            "messageId": url,
            "timestamp": touch["occurred_at"],
            "context": {"page": {"url": url}},
        }
        headers = {**shown, "referer": url, "origin": url, "link": f"<{url}>", "callback": url}
        for path in ("/v1/predict_one", "/v1/explain"):
            for interactions in ([touch], [event], [track]):
                body = {**lead, "interactions": interactions, "as_of": clock.iso(NOW)}
                response = one.post(f"{path}?callback={url}", json=body, headers=headers)
                assert response.status_code in {200, 400}
        assert (
            one.post("/v1/predict", json={"leads": [lead, {**lead, "$ref": url}, url]}, headers=headers).status_code
            == 200
        )
        try:
            listener.accept()
        except TimeoutError:
            return
    raise AssertionError("somebody asked the address that a request named")
