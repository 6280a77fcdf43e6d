"""Alerts as Prometheus itself judges them: each fires when it should, and is silent when all is well."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coffre.alerting.alerts import ALERTS, rules
from coffre.alerting.dashboard import PANELS, dashboard
from coffre.doctor.findings import CHECKS, Finding
from coffre.doctor.metrics import written
from tests.services.processes import debian

ROOT = Path(__file__).resolve().parents[2]
READ = 'coffre_http_requests_total{instance="a",method="GET",route="/records/{ins}/documents",status="%s"}'
BUCKET = 'coffre_http_request_seconds_bucket{method="GET",route="/records/{ins}/documents",le="%s"}'
Series = dict[str, str]
WELL: Series = {
    'up{job="coffre",instance="a"}': "1x120",
    READ % 200: "0+600x120",
    READ % 500: "0+1x120",
    READ % 401: "0+6x120",
    'coffre_http_requests_total{instance="a",method="GET",route="/health/ready",status="503"}': "3x120",
    BUCKET % "2.5": "0+600x120",
    BUCKET % "10": "0+600x120",
    BUCKET % "+Inf": "0+600x120",
    "coffre_submissions_due": "20x120",
    "coffre_structures_past_allowance": "0x120",
    "coffre_notices_oldest_waiting_seconds": "30x120",
    "coffre_deposits_without_renditions": "2x480",
    'coffre_doctor_finding{check="disk"}': "0x480",
}
"""One value a minute; of a thing that is always there, how much is usual."""
WRONG: dict[str, Series] = {
    "CoffreDown": {'up{job="coffre",instance="a"}': "0x120"},
    "CoffreNotReady": {
        'coffre_http_requests_total{instance="a",method="GET",route="/health/ready",status="503"}': "0+6x120"
    },
    "CoffreFailing": {READ % 500: "0+30x120"},
    "CoffreSlow": {BUCKET % "2.5": "0+500x120"},
    "DepositsWait": {"coffre_submissions_due": "900x120"},
    "StructurePastAllowance": {"coffre_structures_past_allowance": "1x120"},
    "NoticesWait": {"coffre_notices_oldest_waiting_seconds": "4000x120"},
    "IssuerNew": {'coffre_issuer_new{issuer="x"}': "1x120"},
    "MoreAtTheDoors": {'coffre_door_threshold_passed{event="password_wrong"}': "1x120"},
    "RefusedAtTheDoor": {READ % 401: "0+120x120"},
    "PicturesMissing": {"coffre_deposits_without_renditions": "500x480"},
    "DoctorFound": {'coffre_doctor_finding{check="disk"}': "1x480"},
    "DoctorSilent": {},
}


@pytest.fixture(scope="module")
def promtool() -> str:
    return debian("promtool", "prometheus")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yaml").write_text(json.dumps(rules()))
    return folder


def case(name: str, wrong: Series, *, fires: bool) -> dict[str, Any]:
    """What promtool is to find an hour and a half later, or a quarter of a day for what waits longer."""
    series = WELL | wrong
    if name == "DoctorSilent" and fires:
        series.pop('coffre_doctor_finding{check="disk"}')
    (alert,) = (each for each in ALERTS if each.name == name)
    expected = (
        [{"exp_labels": _labels(name, alert.severity), "exp_annotations": _notes(name)}] if fires else []
    )
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": "7h" if name == "PicturesMissing" else "90m",
                "alertname": name,
                "exp_alerts": expected,
            }
        ],
    }


def _labels(name: str, severity: str) -> dict[str, str]:
    more = {
        "CoffreDown": {"job": "coffre", "instance": "a"},
        "CoffreNotReady": {"instance": "a"},
        "IssuerNew": {"issuer": "x"},
        "MoreAtTheDoors": {"event": "password_wrong"},
        "DoctorFound": {"check": "disk"},
    }
    return {"severity": severity, **more.get(name, {})}


def _notes(name: str) -> dict[str, str]:
    (found,) = (each for each in rules()["groups"][0]["rules"] if each["alert"] == name)
    return dict(found["annotations"])


def test_every_alert_has_a_case() -> None:
    assert list(WRONG) == [each.name for each in ALERTS]


def test_prometheus_takes_the_rules(promtool: str, folder: Path) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", folder / "rules.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


@pytest.mark.parametrize("fires", [True, False], ids=["wrong", "well"])
def test_each_fires_when_it_should_and_is_silent_when_all_is_well(
    promtool: str, folder: Path, fires: bool
) -> None:
    cases = [case(name, wrong if fires else {}, fires=fires) for name, wrong in WRONG.items()]
    path = folder / f"{fires}.yaml"
    path.write_text(json.dumps({"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": cases}))
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_are_expressions_that_prometheus_reads(promtool: str, folder: Path) -> None:
    recorded = [{"record": f"panel:{n}", "expr": each.expr} for n, each in enumerate(PANELS)]
    path = folder / "panels.yaml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
    done = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_do_not_cover_each_other() -> None:
    places = [tuple(each["gridPos"].values()) for each in dashboard()["panels"]]
    assert len(set(places)) == len(PANELS)
    assert all(x + width <= 24 for x, _, width, _ in places)


def test_only_metrics_that_coffre_has_are_asked_for(tmp_path: Path) -> None:
    """As the code that counts spells them, and as the doctor writes its own."""
    written([Finding("disk", "", "")], tmp_path / "doctor.prom")
    text = (ROOT / "coffre/serving/watching.py").read_text("utf-8") + (tmp_path / "doctor.prom").read_text()
    expressions = " ".join([*(each.expr for each in ALERTS), *(each.expr for each in PANELS)])
    asked = set(re.findall(r"\bcoffre_\w+", expressions))
    suffix = re.compile(r"_(total|bucket|sum|count)$")
    assert asked
    assert not [name for name in asked if suffix.sub("", name) not in text]


def test_the_doctor_writes_every_check_as_a_metric(tmp_path: Path) -> None:
    written([Finding("disk", "", "")], tmp_path / "doctor.prom")
    found = dict(re.findall(r'check="(\w+)"\} (\d)', (tmp_path / "doctor.prom").read_text()))
    assert found.keys() == CHECKS.keys()
    assert [name for name, value in found.items() if value == "1"] == ["disk"]
