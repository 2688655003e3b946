"""What is in `ops/`: the same processes as the Procfile, and alerts on metrics that exist."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from infra.embedded.claim import CHECKOUT
from infra.platforms import CATALOGUE
from infra.settings import Settings, variable_of
from workers.exposition import Seen, families

OPS = CHECKOUT / "ops"
PROCFILE = dict(
    line.split(": ", maxsplit=1) for line in (CHECKOUT / "Procfile").read_text().splitlines()
)
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((OPS / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((OPS / "dashboard.json").read_text())
PANELS = [t["expr"] for panel in DASHBOARD["panels"] for t in panel["targets"]]
SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "gauge": ("",),
}
OPERATIONS = (CHECKOUT / "docs/operations.md").read_text()


def exposed() -> set[str]:
    """The name of every series the exporter can tell."""
    found = families(Seen((), (), {}, {}, 0.0))
    return {family.name + suffix for family in found for suffix in SUFFIXES[family.type]}


def plain(expression: str) -> str:
    """An expression of a panel as Prometheus gets it."""
    return expression.replace("$__rate_interval", "5m").replace("$platform", ".*")


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in ALERTS), *PANELS])
def test_expressions_are_promql_over_metrics_that_exist(expression: str) -> None:
    promql_parser.parse(plain(expression))
    named = set(re.findall(r"\bfleet_\w+", expression))
    assert named
    assert named <= exposed()


def test_every_alert_has_its_runbook_and_a_line_in_the_table() -> None:
    headings = re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names)) > 10
    for rule in ALERTS:
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (CHECKOUT / file).exists()
        assert anchor in anchors, rule["alert"]
        assert re.search(rf"^\| `{rule['alert']}` \|", OPERATIONS, re.MULTILINE), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "day"}
        assert rule["annotations"]["summary"]
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", OPERATIONS, re.MULTILINE)) == set(names)


def test_the_scrape_goes_where_metrics_listen() -> None:
    asked = yaml.safe_load((OPS / "prometheus.yaml").read_text())
    (job,) = asked["scrape_configs"]
    settings = Settings()
    where = f"{settings.metrics_host}:{settings.metrics_port}"
    assert job["static_configs"] == [{"targets": [where]}]
    assert all((OPS / name).exists() for name in asked["rule_files"])


def test_the_dashboards_panels_have_places_of_their_own() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(places) == len(set(places))
    assert len({p["id"] for p in DASHBOARD["panels"]}) == len(places)


def test_every_queue_has_a_worker() -> None:
    served = {queue for line in PROCFILE.values() for queue in re.findall(r" -Q (\S+)", line)}
    assert set(CATALOGUE.queues) <= set(",".join(served).split(","))


def test_compose_runs_every_process_type_and_restarts_it() -> None:
    composed = yaml.safe_load((OPS / "compose.yaml").read_text())
    services = composed["services"]
    assert set(services) == {*PROCFILE, "postgres", "rabbitmq", "migrate"}
    for name in PROCFILE:
        assert services[name]["command"] == [name]
        assert services[name]["restart"] == "always"
        assert services[name]["depends_on"]["migrate"]
    for service in services.values():
        assert "/" not in service["image"]  # no registry's host
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
    ours = {variable_of(setting.name) for setting in fields(Settings)}
    known = ours | {"OTEL_EXPORTER_OTLP_ENDPOINT", "FLOWER_ADDRESS", "FLOWER_BASIC_AUTH"}
    for name in PROCFILE:
        assert set(services[name]["environment"]) <= known
    asked = set(re.findall(r"\$\{(\w+)", (OPS / "compose.yaml").read_text()))
    example = (OPS / "env.example").read_text()
    assert asked == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert not re.search(r"=.", "\n".join(line for line in example.split("\n") if line[:1] != "#"))


def test_the_target_wants_every_process_type() -> None:
    wanted = re.findall(
        r"^Wants=actionfleet@(\S+)\.service$",
        (OPS / "systemd/actionfleet.target").read_text(),
        re.MULTILINE,
    )
    assert wanted == list(PROCFILE)


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    unit = (OPS / "systemd/actionfleet@.service").read_text()
    (tmp_path / "actionfleet@.service").write_text(unit.replace("/opt/actionfleet", str(CHECKOUT)))
    shutil.copy(OPS / "systemd/actionfleet.target", tmp_path)
    (tmp_path / "actionfleet@.service").rename(tmp_path / "actionfleet@intake.service")
    files = [tmp_path / "actionfleet@intake.service", tmp_path / "actionfleet.target"]
    ran = subprocess.run(
        ["systemd-analyze", "verify", *files],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("name", [*PROCFILE, "worker-slack:2"])
def test_every_process_type_is_run_as_the_procfile_says(name: str, tmp_path: Path) -> None:
    stub = tmp_path / "python"
    stub.write_text('#!/bin/sh\necho "$PWD"; echo "$@"\n')
    stub.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "WORKER_CONCURRENCY": "7"}
    environment |= {"WEBHOOK_CONCURRENCY": "7"}
    ran = subprocess.run(
        [OPS / "run", name], env=environment, cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    where, words = ran.stdout.splitlines()
    assert Path(where) == CHECKOUT
    line = PROCFILE[name.partition(":")[0]]
    for word in line.split()[1:]:
        if "$" not in word:
            assert word in words
    if "worker" in name:
        assert "-c 7 " in words
        assert re.search(r"-n [a-z-]+-\d+-\d+@%h", words)


@pytest.mark.parametrize("words", [(), ("nobody",), ("",), (".*",)])
def test_an_unknown_process_type_is_refused(words: tuple[str, ...]) -> None:
    ran = subprocess.run([OPS / "run", *words], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "process type" in ran.stderr
