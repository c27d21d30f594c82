"""The BentoML service in-process: its door comes before BentoML's own routes, and it knows nothing of MLflow."""

import asyncio
import importlib
import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import Tracer
from serving_client import batch_of
from serving_world import Packable

from histories.contract import LeadHistory
from scoring.bundle import Bundle
from serving.deploy.pack import pack

UNREACHED = ["/", "/openapi.json", "/schema.json", "/static_content/x", "/v1"]


@pytest.fixture(scope="module")
def service(packable: Packable) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAD_SCORING_MODEL", pack(packable.bundle_folder, packable.rulebook))
        return importlib.import_module("serving.service")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the spans that are begun: they would hold raw paths."""
    begun: list[str] = []
    begin = Tracer.start_span

    def start_span(self: Tracer, name: str, *more: Any, **options: Any) -> Any:
        begun.append(name)
        return begin(self, name, *more, **options)

    monkeypatch.setattr(Tracer, "start_span", start_span)
    return begun


def test_the_service_is_alive_first_then_ready_answers_every_path_itself_and_traces_none(
    service: Any, bundle: Bundle, leads: tuple[LeadHistory, ...], as_of: int, spans: list[str]
) -> None:
    async def visit() -> dict[str, httpx.Response]:
        application = service.LeadScoring.to_asgi(is_main=True)
        async with application.router.lifespan_context(application):
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                found = {"livez": await client.get("/livez")}
                for _ in range(600):
                    found["readyz"] = await client.get("/readyz")
                    if found["readyz"].status_code == 200:
                        break
                    await asyncio.sleep(0.1)
                found["predict"] = await client.post("/v1/predict", json=batch_of(leads[:2], as_of))
                found["metrics"] = await client.get("/metrics")
                return found | {path: await client.get(path) for path in UNREACHED}

    found = asyncio.run(visit())
    assert [found[name].status_code for name in ("livez", "readyz", "predict")] == [200, 200, 200]
    assert found["predict"].json()["model_version"] == bundle.version
    assert 'lead_scoring_leads_total{status="scored"} 2.0' in found["metrics"].text
    assert [found[path].json()["error"]["code"] for path in UNREACHED] == ["not_found"] * len(UNREACHED)
    assert not spans


def test_the_same_bundle_and_rulebook_are_packed_once_under_the_same_tag(packable: Packable) -> None:
    import bentoml  # noqa: PLC0415  # only after the fixture has set its home

    tag = pack(packable.bundle_folder, packable.rulebook)
    assert tag == pack(packable.bundle_folder, packable.rulebook)
    assert [str(one.tag) for one in bentoml.models.list("lead_scoring")].count(tag) == 1


def test_another_rulebook_gives_another_tag(packable: Packable, tmp_path: Any) -> None:
    edited = tmp_path / "rulebook.toml"
    edited.write_text(packable.rulebook.read_text(encoding="utf-8").replace("points = 25", "points = 24"), "utf-8")
    assert pack(packable.bundle_folder, edited) != pack(packable.bundle_folder, packable.rulebook)


def test_serving_imports_neither_training_nor_mlflow_nor_duckdb() -> None:
    code = "import sys, json, serving.predictor, serving.http.door, serving.serve, serving.wire.example; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"mlflow", "duckdb", "training", "matplotlib", "typer", "bentoml", "lead_scoring"}
