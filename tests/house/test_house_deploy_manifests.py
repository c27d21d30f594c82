"""The compose file and the Kubernetes manifests: valid by their schemas, and safe where a schema cannot look."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from serving.settings import Settings, described

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
VERSIONS = ["1.30", "1.33", "1.37"]
PINNED = re.compile(r"[a-z/]+:[\w.-]+@sha256:[0-9a-f]{64}")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read(DEPLOY / "compose.yaml")  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def pod() -> dict[str, Any]:
    return read(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def test_the_compose_file_is_valid(compose: dict[str, Any]) -> None:
    schema = resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(compose, json.loads(schema.read_text(encoding="utf-8")))


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.name)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(manifest: Path, version: str) -> None:
    kubernetes_validate.validate(read(manifest), version, strict=True)


def test_kustomize_is_told_of_every_manifest() -> None:
    assert sorted(read(DEPLOY / "kubernetes" / "kustomization.yaml")["resources"]) == [one.name for one in MANIFESTS]


def test_everything_is_published_on_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_mlflow_and_its_database_share_no_network_with_the_service(compose: dict[str, Any]) -> None:
    networks = {name: set(service["networks"]) for name, service in compose["services"].items()}
    assert not networks["lead-scoring"] & (networks["mlflow"] | networks["postgres"])
    assert compose["networks"]["database"]["internal"] is True
    assert networks["postgres"] == {"database"}


def test_images_of_others_are_pinned_to_their_content(compose: dict[str, Any]) -> None:
    images = [one["image"] for name, one in compose["services"].items() if "image" in one and name != "lead-scoring"]
    assert len(images) == 3
    assert [image for image in images if not PINNED.fullmatch(image)] == []


def test_no_password_or_key_is_written_down(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET|TOKEN", name) or value.startswith("/run/secrets/")
    used = {one for service in compose["services"].values() for one in service.get("secrets", [])}
    assert used == set(compose["secrets"])


def test_the_service_may_do_nothing_in_compose_that_it_need_not(compose: dict[str, Any]) -> None:
    service = compose["services"]["lead-scoring"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])


def test_the_service_may_do_nothing_in_kubernetes_that_it_need_not(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert all(mount.get("readOnly") for mount in container["volumeMounts"] if mount["mountPath"] != "/tmp")  # noqa: S108


def test_kubernetes_sets_no_variable_that_the_service_would_take_for_a_setting(pod: dict[str, Any]) -> None:
    """For a service named lead-scoring it would set LEAD_SCORING_PORT=tcp://10.0.0.1:80."""
    assert pod["enableServiceLinks"] is False
    (container,) = pod["containers"]
    known = {one.variable for one in described()}
    assert {one["name"] for one in container["env"]} <= known


def test_the_variables_of_the_compose_file_are_settings(compose: dict[str, Any]) -> None:
    assert set(compose["services"]["lead-scoring"]["environment"]) <= {one.variable for one in described()}


def test_there_is_time_to_finish_what_has_begun(pod: dict[str, Any], compose: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    timeout = float(environment["LEAD_SCORING_TIMEOUT_SECONDS"])
    (command, seconds) = container["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= int(seconds) + timeout + 10
    assert (
        int(compose["services"]["lead-scoring"]["stop_grace_period"].removesuffix("s"))
        >= Settings().timeout_seconds + 10
    )


def test_traffic_goes_by_readiness_and_restarts_by_life(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    probes = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert probes == {"startup": "/readyz", "readiness": "/readyz", "liveness": "/livez"}
    assert {"requests", "limits"} == set(container["resources"])


def test_a_rollout_takes_no_pod_away_before_another_answers() -> None:
    strategy = read(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_selectors_find_the_pods() -> None:
    deployment = read(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"] == labels
    assert read(DEPLOY / "kubernetes" / "service.yaml")["spec"]["selector"] == labels
    for name in ("network", "disruption"):
        spec = read(DEPLOY / "kubernetes" / f"{name}.yaml")["spec"]
        assert (spec.get("selector") or spec["podSelector"])["matchLabels"] == labels
