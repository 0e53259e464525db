"""Installations on Kubernetes: both overlays build, are sound as a whole, and lack nothing that they name."""

import functools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

import knative_judge
import watching
from touchline import wiring
from touchline.deploy import secrets
from touchline.web import callers

ROOT = Path(__file__).parents[2]
WIRING = wiring.load(ROOT / "functions")
KINDS = ("Deployment", "StatefulSet", "Job", "CronJob")
Document = dict[str, Any]


@functools.cache
def build(overlay: str) -> str:
    """An overlay as `kubectl apply -k` would send it, with images as scripts/pin-images names them."""
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "knative", folder / "knative")
        digests = folder / "images.json"
        images = {name: f"registry.example/touchline-{name}@sha256:{'0' * 63}1" for name in WIRING.parts}
        digests.write_text(json.dumps({"images": images}))
        target = folder / "knative" / "overlays" / "images" / "kustomization.yaml"
        subprocess.run([ROOT / "scripts" / "pin-images", digests, target], check=True, capture_output=True)
        command = ["kubectl", "kustomize", str(folder / "knative" / "overlays" / overlay)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def documents(overlay: str) -> list[Document]:
    return [found for found in yaml.safe_load_all(build(overlay)) if found]


def pods(overlay: str) -> Iterator[tuple[str, Document]]:
    """Pods of everything in an overlay, by the name of what makes them."""
    for one in documents(overlay):
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if one["kind"] == "JobSink":
            spec = spec["job"]["spec"]
        if one["kind"] in (*KINDS, "JobSink") or one["apiVersion"].startswith("serving."):
            yield one["metadata"]["name"], spec["template"]


def containers(pod: Document) -> list[Document]:
    return [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]


OVERLAYS = pytest.mark.parametrize("overlay", ["single-node", "managed"])


@OVERLAYS
def test_the_judge_finds_no_fault(overlay: str, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(build(overlay))
    assert knative_judge.complaints(file) == []


@OVERLAYS
def test_every_pod_runs_with_as_little_as_it_needs(overlay: str) -> None:
    readers = {"alloy", "prometheus"}  # they ask the cluster for pods and logs, by roles that allow just that
    found = dict(pods(overlay))
    assert {"bridge", "mlflow", "prometheus", "train", *WIRING.functions} <= set(found)
    for name, pod in found.items():
        spec, outer = pod["spec"], pod["spec"].get("securityContext", {})
        assert spec["automountServiceAccountToken"] is (name in readers), name
        assert spec["enableServiceLinks"] is False, name
        for box in containers(pod):
            security = {**outer, **box["securityContext"]}
            assert security["runAsNonRoot"] is True, name
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
            assert box["resources"]["requests"]["memory"], name
            assert box["resources"]["limits"]["memory"], name
            assert re.search(r"@sha256:[0-9a-f]{64}$|:v?\d+\.\d+[\w.-]*$", box["image"]), box["image"]


@OVERLAYS
def test_what_always_runs_says_whether_it_is_well(overlay: str) -> None:
    for one in documents(overlay):
        if one["kind"] in ("Deployment", "StatefulSet"):
            for box in one["spec"]["template"]["spec"]["containers"]:
                assert {"readinessProbe", "livenessProbe"} <= set(box), one["metadata"]["name"]


@OVERLAYS
def test_whatever_is_named_is_there(overlay: str) -> None:
    made = secrets.values(WIRING, "postgresql")
    settings = {one["metadata"]["name"]: one["data"] for one in documents(overlay) if one["kind"] == "ConfigMap"}
    for name, pod in pods(overlay):
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", ())}
        for box in containers(pod):
            for entry in box.get("env", ()):
                wanted = entry.get("valueFrom", {}).get("secretKeyRef")
                if wanted and not wanted.get("optional"):
                    assert wanted["key"] in made[wanted["name"]], f"{name}: {wanted}"
            for source in box.get("envFrom", ()):
                assert source["configMapRef"]["name"] in settings, name
        for volume in volumes.values():
            if "secret" in volume:
                assert volume["secret"]["secretName"] in made, f"{name}: {volume}"
            if "configMap" in volume:
                keys = {item["key"] for item in volume["configMap"].get("items", ())}
                assert keys <= set(settings[volume["configMap"]["name"]]), f"{name}: {volume}"


@OVERLAYS
def test_nothing_is_reached_but_by_a_rule(overlay: str) -> None:
    policies = [one["spec"] for one in documents(overlay) if one["kind"] == "NetworkPolicy"]
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in policies
    ports = {  # of the platform's own parts: those of its functions are Knative's
        one["metadata"]["name"]: {str(port.get("targetPort")) for port in one["spec"]["ports"]}
        for one in documents(overlay)
        if one["kind"] == "Service" and one["apiVersion"] == "v1"
    }
    for name in ports:
        entries = [one for one in policies if one["podSelector"].get("matchLabels") == {"app.kubernetes.io/name": name}]
        assert any(one.get("ingress") for one in entries), name
        assert all(rule.get("from") and rule.get("ports") for one in entries for rule in one.get("ingress", ())), name


def test_the_store_tells_the_bridge_and_may_reach_it() -> None:
    store = dict(pods("single-node"))["store"]["spec"]["containers"][0]
    told = {entry["name"]: entry.get("value") for entry in store["env"]}
    endpoint = told["RUSTFS_NOTIFY_WEBHOOK_ENDPOINT_BRIDGE"]
    assert endpoint == f"{told['RUSTFS_OUTBOUND_ALLOW_ORIGINS']}/notify"
    prepare = dict(pods("single-node"))["prepare"]["spec"]["containers"][0]
    assert f"--notify=arn:rustfs:sqs:{told['RUSTFS_REGION']}:bridge:webhook" in prepare["args"]
    assert "--notify" not in " ".join(dict(pods("managed"))["prepare"]["spec"]["containers"][0]["args"])


@OVERLAYS
def test_callers_are_told_apart_behind_proxy_activator_and_queue(overlay: str) -> None:
    [settings] = [one["data"] for one in documents(overlay) if one["metadata"]["name"] == "touchline" and "data" in one]
    passed = [(b"x-forwarded-for", b"203.0.113.9, 10.42.0.8, 10.42.0.9")]
    assert callers.client("127.0.0.1", passed, int(settings["TOUCHLINE_PREDICT_PROXIES"])) == "203.0.113.9"


def test_the_proxy_keeps_to_itself_what_operates_the_service_and_lets_the_proof_through() -> None:
    told = (ROOT / "knative" / "README.md").read_text()
    [kept] = re.findall(r"@inside path (.+)", told)
    [wishes] = re.findall(r"@wishes \{\s+method POST\s+path (\S+)", told)

    def inside(path: str) -> bool:
        return any(fnmatch(path, one) for one in kept.split())

    for path in ("/metrics", "/monitoring/runs", "/monitoring/deadletters", "/monitoring/deadletters/1/redrive"):
        assert inside(path), path
        assert inside(f"{path}/"), f"{path}/: a slash at the end is as good as none"
    for path in ("/", "/chain", "/readyz", "/predict/predictions", "/monitoring/task_status/1"):  # smoke asks for two
        assert not inside(path), path
    assert fnmatch("/chain", wishes)
    assert fnmatch("/chain/", wishes)


def test_without_a_webhook_sweep_looks_often() -> None:
    ticks = {
        one["metadata"]["name"]: one["spec"]["schedule"] for one in documents("managed") if one["kind"] == "PingSource"
    }
    assert ticks["sweep-quarter-hourly"] == "*/2 * * * *"
    assert not {"postgresql", "store", "redis", "backup"} & {one["metadata"]["name"] for one in documents("managed")}


# What watches


@OVERLAYS
def test_what_watches_is_told_every_rule_and_board(overlay: str) -> None:
    found = {
        one["metadata"]["name"].rpartition("-")[0]: one["data"]
        for one in documents(overlay)
        if one["kind"] == "ConfigMap"
    }
    assert {path.name for path in watching.RULES} == {name for name in found["prometheus-config"] if "rules" in name}
    assert {path.name for path in watching.BOARDS} == set(found["grafana-dashboards"])
    ways = {path.name for path in watching.CONFIG.glob("receiver*")} | {"alertmanager.yaml"}
    assert ways == set(found["alertmanager-config"])
    [pod] = [pod for name, pod in pods(overlay) if name == "grafana"]
    home = {entry["name"]: entry.get("value", "") for entry in containers(pod)[0]["env"]}
    assert Path(home["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).name in found["grafana-dashboards"]


# Images


def test_an_image_without_a_digest_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, {"drift": "registry.example/touchline-drift:latest"}, "touchline-drift:latest has no digest")


def test_images_of_some_functions_do_not_take_the_place_of_all(tmp_path: Path) -> None:
    pinned = {name: f"registry.example/touchline-{name}@sha256:{'0' * 64}" for name in WIRING.parts if name != "sweep"}
    refused(tmp_path, pinned, "no image of sweep")


def refused(tmp_path: Path, images: dict[str, str], why: str) -> None:
    (tmp_path / "images.json").write_text(json.dumps({"images": images}))
    target = tmp_path / "kustomization.yaml"
    command = [ROOT / "scripts" / "pin-images", tmp_path / "images.json", target]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert why in done.stderr
    assert not target.exists()


# Development


def test_the_servers_for_development_are_those_of_an_installation() -> None:
    compose = yaml.safe_load((ROOT / "scripts" / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"postgresql", "store", "redis", "mlflow", "prometheus"}
    installed = {box["image"] for _, pod in pods("single-node") for box in containers(pod)}
    for name, service in services.items():
        assert "healthcheck" in service, name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert service.get("image", "") in installed or service["build"]["args"] == {"FUNCTION": "train"}, name
        assert set(service.get("depends_on", ())) <= set(services)
        assert {one["source"] for one in service.get("configs", ())} <= set(compose["configs"])
        named = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert named <= set(compose["volumes"])
    assert (
        ROOT / "scripts" / services["mlflow"]["build"]["context"] / services["mlflow"]["build"]["dockerfile"]
    ).is_file()
