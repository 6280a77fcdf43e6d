"""Alerts: when somebody is woken, or told in the morning. Each has a page in docs/operate.md of its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from coffre.doctor.findings import CHECKS


class Severity(StrEnum):
    """`PAGE` wakes somebody; `TICKET` is looked at in the morning."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Alert:
    """`expr` is PromQL; `holds`: for how long until it fires; `says`: what is wrong, to whoever is woken."""

    name: str
    expr: str
    holds: str
    severity: Severity
    says: str


_ANSWERS = 'sum(rate(coffre_http_requests_total{route!~"/health/.*"}[5m]))'
_FAILED = 'sum(rate(coffre_http_requests_total{route!~"/health/.*",status=~"5.."}[5m]))'
_UNREADY = 'sum by (instance) (rate(coffre_http_requests_total{route="/health/ready",status="503"}[5m])) > 0'
_SLOW = (
    "histogram_quantile(0.99, sum by (le) "
    '(rate(coffre_http_request_seconds_bucket{method="GET",route!~"/health/.*"}[10m]))) > 2.5'
)
_DOOR = 'sum(rate(coffre_http_requests_total{status="401"}[10m])) > 1'
_P, _T = Severity.PAGE, Severity.TICKET
ALERTS = (
    Alert("CoffreDown", 'up{job="coffre"} == 0', "2m", _P, "A process does not answer its operator."),
    Alert("CoffreNotReady", _UNREADY, "3m", _P, "Something that a process needs does not answer it."),
    Alert("CoffreFailing", f"{_FAILED} / {_ANSWERS} > 0.01", "5m", _P, "More than 1 % of answers fail."),
    Alert("CoffreSlow", _SLOW, "10m", _T, "One answer in a hundred takes longer than 2.5 seconds."),
    Alert("DepositsWait", "coffre_submissions_due > 200", "15m", _P, "Deposits are not validated."),
    Alert(
        "StructurePastAllowance",
        "coffre_structures_past_allowance > 0",
        "1h",
        _T,
        "Files of a structure cost more than a day's share.",
    ),
    Alert(
        "NoticesWait",
        "coffre_notices_oldest_waiting_seconds > 3600",
        "10m",
        _T,
        "Holders are not told of what happened in their records.",
    ),
    Alert(
        "IssuerNew",
        "coffre_issuer_new > 0",
        "0m",
        _P,
        "Credentials of an issuer are accepted that was not there a week ago.",
    ),
    Alert(
        "MoreAtTheDoors",
        "coffre_door_threshold_passed > 0",
        "0m",
        _T,
        "More sign-ins, failures or new devices came in an hour than is ordinary.",
    ),
    Alert("RefusedAtTheDoor", _DOOR, "10m", _T, "Credentials are refused faster than people mistype."),
    Alert(
        "PicturesMissing",
        "coffre_deposits_without_renditions > 100",
        "6h",
        _T,
        "Deposits have no small pictures.",
    ),
    Alert(
        "DoctorFound",
        "max by (check) (coffre_doctor_finding) > 0",
        "10m",
        _P,
        "coffre doctor found something wrong.",
    ),
    Alert("DoctorSilent", "absent(coffre_doctor_finding)", "30m", _T, "coffre doctor did not run."),
)
PAGES = "docs/operate.md"


def rules() -> dict[str, Any]:
    """A rules file of Prometheus; JSON, which YAML reads."""
    return {"groups": [{"name": "coffre", "rules": [_rule(each) for each in ALERTS]}]}


def _rule(alert: Alert) -> dict[str, Any]:
    labels: Mapping[str, str] = {"severity": alert.severity.value}
    notes = {"summary": alert.says, "page": f"{PAGES}#{alert.name.lower()}"}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.holds,
        "labels": labels,
        "annotations": notes,
    }


def pages() -> tuple[str, ...]:
    """The headings that the operator's book has: one for each alert, one for each check of the doctor."""
    return (*(each.name for each in ALERTS), *CHECKS)
