"""What operators watch: metrics without identities, one request id per request."""

import re
from importlib.metadata import version

import pytest

from tests.integration.support import STRANGER, Coffre, Patient, bearer


def test_metrics_count_by_route_template(coffre: Coffre, patient: Patient) -> None:
    patient.documents()
    text = coffre.http.get("/metrics").text
    assert re.search(
        r'coffre_http_requests_total\{method="GET",route="/records/\{ins\}/documents",status="200"\} \d', text
    )
    assert "coffre_submissions_due" in text
    assert patient.ins not in text
    assert str(patient.public_id) not in text


@pytest.mark.requirement("R57")
def test_metrics_tell_what_became_of_notices(coffre: Coffre, patient: Patient) -> None:
    """Numbers alone, each state from the beginning, so that an alarm can be set on it."""
    patient.call("POST", "/blocks", json={"professional": STRANGER})
    told = {name: int(count) for name, count in notices_of(coffre)}
    assert told.keys() == {
        "queued",
        "sent",
        "page",
        "read",
        "undelivered_no_contact",
        "undelivered_refused",
        "undelivered_given_up",
    }
    assert sum(told.values()) >= 1
    assert re.search(r"^coffre_notices_oldest_waiting_seconds \d", coffre.http.get("/metrics").text, re.M)


def notices_of(coffre: Coffre) -> list[tuple[str, str]]:
    return re.findall(r'^coffre_notices\{state="(\w+)"\} (\d+)', coffre.http.get("/metrics").text, re.M)


def test_every_answer_carries_an_id_of_its_own(coffre: Coffre, patient: Patient) -> None:
    path = f"/records/{patient.ins}/documents"
    forged = {**bearer(patient.token), "X-Request-Id": "mine"}
    first = coffre.http.get(path, headers=forged).headers["x-request-id"]
    second = coffre.http.get(path, headers=forged).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


def test_readiness_asks_whatever_the_process_needs(coffre: Coffre) -> None:
    assert coffre.http.get("/health/live").json() == {"status": "ok", "version": version("coffre")}
    assert coffre.http.get("/health/ready").json() == {
        "status": "ok",
        "index": "ok",
        "vault": "ok",
        "objects": "ok",
        "gateway": "ok",
        "sign_in": "ok",
    }
