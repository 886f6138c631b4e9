"""The YAML a person applies: the shop's manifests and the chapter's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
MANIFESTS = sorted(
    path
    for pattern in ("services/*/kubernetes/*.yaml", "services/*/istio/*.yaml", "ch5/*.yaml")
    for path in ROOT.glob(pattern)
)
ISTIO_API = "networking.istio.io/v1alpha3"


def objects(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


EVERY = [
    pytest.param(each, id=f"{path.relative_to(ROOT)}:{each['kind']}")
    for path in MANIFESTS
    for each in objects(path)
]
DEPLOYMENTS = [each for each in EVERY if each.values[0]["kind"] == "Deployment"]
SHOP_SERVICES = [each for each in EVERY if each.values[0]["kind"] == "Service"]


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [param.values[0] for param in EVERY if param.values[0]["kind"] == kind]


def only_container(deployment: dict[str, Any]) -> dict[str, Any]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container


def test_the_files_are_those_the_article_names() -> None:
    assert {str(path.relative_to(ROOT)) for path in MANIFESTS} == {
        "ch5/catalog-dest-rule.yaml",
        "ch5/catalog-gateway.yaml",
        "ch5/catalog-vs-v1-mesh.yaml",
        "ch5/catalog-vs-v1.yaml",
        "ch5/catalog-vs-v2-10-90-mesh.yaml",
        "ch5/catalog-vs-v2-50-50-mesh.yaml",
        "ch5/catalog-vs-v2-mirror.yaml",
        "ch5/catalog-vs-v2-request-mesh.yaml",
        "ch5/catalog-vs-v2-request.yaml",
        "ch5/catalog-vs.yaml",
        "ch5/forum-serviceentry.yaml",
        "services/catalog/kubernetes/catalog-deployment-v2.yaml",
        "services/catalog/kubernetes/catalog-deployment.yaml",
        "services/catalog/kubernetes/catalog-svc.yaml",
        "services/forum/kubernetes/forum-all.yaml",
        "services/webapp/istio/webapp-catalog-gw-vs.yaml",
        "services/webapp/kubernetes/webapp.yaml",
    }


@pytest.mark.parametrize("each", EVERY)
def test_the_namespace_is_the_context_s(each: dict[str, Any]) -> None:
    assert "namespace" not in each["metadata"]


@pytest.mark.parametrize("each", EVERY)
def test_istio_s_objects_are_of_the_article_s_version(each: dict[str, Any]) -> None:
    if "istio" in each["apiVersion"]:
        assert each["apiVersion"] == ISTIO_API


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_a_deployment_selects_its_own_pods_and_no_other_s(deployment: dict[str, Any]) -> None:
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    for other in of_kind("Deployment"):
        if other["metadata"]["name"] != deployment["metadata"]["name"]:
            theirs = other["spec"]["template"]["metadata"]["labels"]
            assert not selector.items() <= theirs.items()


@pytest.mark.parametrize("service", SHOP_SERVICES)
def test_a_service_selects_pods_that_have_its_port(service: dict[str, Any]) -> None:
    selector = service["spec"]["selector"].items()
    (port,) = service["spec"]["ports"]
    assert (port["name"], port["port"]) == ("http", 80)
    selected = [
        each
        for each in of_kind("Deployment")
        if selector <= each["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert selected
    for deployment in selected:
        names = [each["name"] for each in only_container(deployment)["ports"]]
        assert port["targetPort"] in names


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_probes_ask_a_port_that_exists(deployment: dict[str, Any]) -> None:
    container = only_container(deployment)
    names = {port["name"] for port in container["ports"]}
    for probe in ("readinessProbe", "livenessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["port"] in names
        assert asked["path"].endswith("/healthz")


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_an_image_is_a_service_folder_at_a_version(deployment: dict[str, Any]) -> None:
    container = only_container(deployment)
    name, _, tag = container["image"].rpartition("/")[2].partition(":")
    assert (SERVICES / name / "Dockerfile").is_file()
    assert tag not in ("", "latest")
    assert container["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_containers_have_few_rights(deployment: dict[str, Any]) -> None:
    assert deployment["spec"]["template"]["spec"]["securityContext"] == {"runAsNonRoot": True}
    container = only_container(deployment)
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_a_service_account_that_is_named_is_declared(deployment: dict[str, Any]) -> None:
    named = deployment["spec"]["template"]["spec"].get("serviceAccountName")
    declared = [each["metadata"]["name"] for each in of_kind("ServiceAccount")]
    assert named is None or named in declared


def test_the_two_catalogs_differ_by_name_version_and_the_picture() -> None:
    v1, v2 = (
        next(each for each in of_kind("Deployment") if each["metadata"]["name"] == name)
        for name in ("catalog", "catalog-v2")
    )
    assert v1["spec"]["template"]["metadata"]["labels"] == {"app": "catalog", "version": "v1"}
    assert v2["spec"]["template"]["metadata"]["labels"] == {"app": "catalog", "version": "v2"}
    first, second = only_container(v1), only_container(v2)
    assert second.pop("env") == [{"name": "SHOW_IMAGE", "value": "true"}]
    assert first == second


def test_the_webapp_is_told_its_services_by_name() -> None:
    (webapp,) = (each for each in of_kind("Deployment") if each["metadata"]["name"] == "webapp")
    assert {each["name"]: each["value"] for each in only_container(webapp)["env"]} == {
        "CATALOG_SERVICE_HOST": "catalog.istioinaction",
        "CATALOG_SERVICE_PORT": "80",
        "FORUM_SERVICE_HOST": "forum.istioinaction",
        "FORUM_SERVICE_PORT": "80",
    }


def test_every_subset_that_a_rule_names_exists() -> None:
    (rule,) = of_kind("DestinationRule")
    declared = {each["name"] for each in rule["spec"]["subsets"]}
    named = set()
    for service in of_kind("VirtualService"):
        for route in service["spec"]["http"]:
            targets = [each["destination"] for each in route["route"]]
            targets += [route["mirror"]] if "mirror" in route else []
            named |= {each["subset"] for each in targets if "subset" in each}
    assert named == declared == {"version-v1", "version-v2"}


@pytest.mark.parametrize(
    ("file", "weights"),
    [
        ("catalog-vs-v2-10-90-mesh", {"version-v1": 90, "version-v2": 10}),
        ("catalog-vs-v2-50-50-mesh", {"version-v1": 50, "version-v2": 50}),
        ("catalog-vs-v2-mirror", {"version-v1": 100}),
    ],
)
def test_weights(file: str, weights: dict[str, int]) -> None:
    (service,) = objects(ROOT / "ch5" / f"{file}.yaml")
    (route,) = service["spec"]["http"]
    assert {each["destination"]["subset"]: each["weight"] for each in route["route"]} == weights
    if file.endswith("mirror"):
        assert route["mirror"] == {"host": "catalog", "subset": "version-v2"}
        assert route["mirrorPercentage"] == {"value": 100}
