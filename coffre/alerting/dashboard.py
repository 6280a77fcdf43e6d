"""A dashboard of Grafana from one list of panels: what operators look at first stands on top."""

from dataclasses import dataclass
from typing import Any

COLUMNS, HEIGHT, PANELS_A_ROW = 24, 7, 3


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's; `legend` names a series by its labels."""

    title: str
    expr: str
    unit: str = "short"
    legend: str = ""


_RATE = "rate(coffre_http_requests_total[5m])"
PANELS = (
    Panel("Answers a second, by status", f"sum by (status) ({_RATE})", "reqps", "{{status}}"),
    Panel(
        "99th percentile of reading",
        'histogram_quantile(0.99, sum by (le) (rate(coffre_http_request_seconds_bucket{method="GET"}[5m])))',
        "s",
    ),
    Panel(
        "Slowest routes, mean",
        "topk(5, sum by (route) (rate(coffre_http_request_seconds_sum[5m])) / "
        "sum by (route) (rate(coffre_http_request_seconds_count[5m])))",
        "s",
        "{{route}}",
    ),
    Panel("Deposits that a worker could take", "max(coffre_submissions_due)"),
    Panel("Submissions by state", "max by (state) (coffre_submissions)", legend="{{state}}"),
    Panel("CPU of examining files today", "max(coffre_sandbox_cpu_seconds_today)", "s"),
    Panel("Notices by state", "max by (state) (coffre_notices)", legend="{{state}}"),
    Panel("Oldest notice that waits", "max(coffre_notices_oldest_waiting_seconds)", "s"),
    Panel("Issuers accepted", "max(coffre_issuers)"),
    Panel("What coffre doctor found", "max by (check) (coffre_doctor_finding) > 0", legend="{{check}}"),
    Panel("Processes that answer", 'sum(up{job="coffre"})'),
    Panel("Deposits without small pictures", "max(coffre_deposits_without_renditions)"),
)


def dashboard() -> dict[str, Any]:
    """JSON model of Grafana 10 and newer; its data source is chosen when it is imported."""
    return {
        "title": "Coffre",
        "uid": "coffre",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(number, each) for number, each in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    row, column = divmod(number, PANELS_A_ROW)
    width = COLUMNS // PANELS_A_ROW
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {"x": column * width, "y": row * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": panel.expr, "legendFormat": panel.legend, "datasource": source}],
    }
