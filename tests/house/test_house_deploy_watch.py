"""What Grafana shows and Prometheus warns of are metrics that exist, with labels that they have."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from serving.http.metrics import Metrics
from serving.wire.reply import Counts

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "lead-scoring.json").read_text(encoding="utf-8"))
WORDS = {
    "sum", "by", "rate", "increase", "histogram_quantile", "count", "absent", "or", "on", "group_left", "max",
}  # fmt: skip
BESIDE = {"up": {"job"}}  # Prometheus' own


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def queries() -> dict[str, str]:
    shown = {panel["title"] + target["refId"]: target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]}  # fmt: skip
    rules = (rule for group in read("prometheus/alerts.yaml")["groups"] for rule in group["rules"])
    return shown | {rule["alert"]: rule["expr"] for rule in rules}


@pytest.fixture(scope="module")
def exposed() -> dict[str, set[str]]:
    """Every sample's name, with the labels that it has once it was counted."""
    metrics = Metrics(multiprocess=False)
    metrics.request("/v1/predict", 200, 0.01)
    metrics.counts(Counts(1, 0, (0.1,), (10.0,), (0.5,), 1, (("unknown_kinds", 1),)))
    metrics.rate_limited("crm")
    metrics.waiting(1)
    metrics.model("m1", "r1")
    metrics.store.came_in("interactions", "added", 1)
    metrics.store.webhook("delivered")
    found: dict[str, set[str]] = {}
    for line in metrics.text().decode().splitlines():
        sample = re.match(r"([a-z_]+)(?:\{(.*?)\})? ", line)
        if sample:
            found.setdefault(sample[1], set()).update(re.findall(r"(\w+)=", sample[2] or ""))
    return found | BESIDE


def metrics_of(query: str) -> set[str]:
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(?:by|on) \([^)]*\)', " ", query)
    return set(re.findall(r"[a-zA-Z_]\w*", bare)) - WORDS


@pytest.mark.parametrize("title", queries())
def test_every_query_asks_for_metrics_and_labels_that_exist(title: str, exposed: dict[str, set[str]]) -> None:
    query = queries()[title]
    names = metrics_of(query)
    assert names
    assert sorted(names - exposed.keys()) == []
    labels = {one for inner in re.findall(r"\{([^}]*)\}", query) for one in re.findall(r"(\w+)=", inner)}
    labels |= {one for inner in re.findall(r"\bby \(([^)]*)\)", query) for one in re.findall(r"\w+", inner)}
    assert labels <= set().union(*(exposed[name] for name in names))


@pytest.mark.parametrize("title", queries())
def test_every_query_has_as_many_brackets_opened_as_closed(title: str) -> None:
    query = queries()[title]
    assert [query.count(one) for one in "([{"] == [query.count(one) for one in ")]}"]


def test_every_metric_is_on_the_dashboard(exposed: dict[str, set[str]]) -> None:
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in exposed.keys() - BESIDE.keys()}
    shown = {re.sub(r"_(bucket|sum|count)$", "", one) for query in queries().values() for one in metrics_of(query)}
    assert sorted(families - shown - {re.sub(r"_total$", "", one) for one in shown}) == []


def test_panels_say_what_they_show_and_lie_beside_each_other() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for one in places for x in range(one["x"], one["x"] + one["w"]) for y in range(one["y"], one["y"] + one["h"])]  # fmt: skip
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert all(panel["title"] and panel["description"] for panel in DASHBOARD["panels"])


def test_grafana_finds_the_dashboard_and_prometheus_and_prometheus_the_service_with_a_key() -> None:
    services = read("compose.yaml")["services"]
    mounted = dict(one.split(":")[:2] for one in services["grafana"]["volumes"])
    (provider,) = read("grafana/provisioning/dashboards/lead-scoring.yaml")["providers"]
    assert mounted["./grafana/dashboards"] == provider["options"]["path"]
    assert mounted["./grafana/provisioning"] == "/etc/grafana/provisioning"
    (source,) = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]} == {source["uid"]}  # fmt: skip
    (job,) = read("prometheus/prometheus.yaml")["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["lead-scoring:3000"]}]
    assert job["authorization"]["credentials_file"] == "/run/secrets/metrics_key"
    assert services["prometheus"]["secrets"] == ["metrics_key"]


def test_workers_that_differ_in_the_rulebook_alone_are_told_too() -> None:
    (query,) = [text for title, text in queries().items() if "TwoModels" in title]
    assert "by (model_version, rulebook_version)" in query
