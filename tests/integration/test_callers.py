"""Calls without a credential that holds: limited by address before the vault, judged before their body."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.serving.callers.limits import BURST, PER_SECOND
from coffre.serving.shared_counts import Buckets
from coffre.settings import load
from coffre.trusted_proxies import TrustedProxies, subscriber
from tests.integration.outsider import answer_of, connect
from tests.integration.support import Coffre, Patient, bearer
from tests.services.warm import WarmServer

FORGED = {"Authorization": "Bearer eyJ.eyJ.eyJ"}


class TestAddresses:
    def test_a_proxy_that_is_trusted_tells_whose_call_it_is(self) -> None:
        proxies = TrustedProxies("10.0.0.5, 10.1.0.0/16 2001:db8::/48")
        assert proxies.caller("10.0.0.5", "203.0.113.7") == "203.0.113.7"
        assert proxies.caller("2001:db8::1", "203.0.113.7, 10.1.2.3") == "203.0.113.7"
        assert proxies.caller("10.0.0.5", "198.51.100.1, 203.0.113.7") == "203.0.113.7"

    def test_nobody_else_is_accepted(self) -> None:
        proxies = TrustedProxies("10.0.0.5")
        assert proxies.caller("203.0.113.7", "198.51.100.1") == "203.0.113.7"
        assert proxies.caller("10.0.0.5", "198.51.100.1, rubbish") == "10.0.0.5"
        assert proxies.caller("10.0.0.5", "") == "10.0.0.5"
        assert TrustedProxies().caller("127.0.0.1", "198.51.100.1") == "127.0.0.1"

    def test_an_ipv6_subscriber_counts_as_one(self) -> None:
        assert subscriber("2001:db8:0:1::1") == subscriber("2001:db8:0:1:ffff::2")
        assert subscriber("2001:db8:0:1::1") != subscriber("2001:db8:0:2::1")
        assert subscriber("::ffff:192.0.2.1") == subscriber("192.0.2.1")


def test_a_bucket_lets_so_many_pass_at_once_and_so_many_a_second() -> None:
    now = [0.0]
    buckets = Buckets(BURST, PER_SECOND, lambda: now[0])
    assert [buckets.take("192.0.2.1") for _ in range(BURST)] == [0] * BURST
    wait = buckets.take("192.0.2.1")
    assert wait > 0 and buckets.take("192.0.2.2") == 0
    now[0] += 1 / PER_SECOND
    assert buckets.take("192.0.2.1") == 0 and buckets.take("192.0.2.1") > 0


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coffre]:
    """A Coffre of its own, so that nobody else's calls are used up; the loopback's own proxy is 127.0.0.9."""
    monkeypatch.setenv("COFFRE_TRUSTED_PROXIES", "127.0.0.9")
    data = tmp_path / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        yield Coffre(data, server)


def client(coffre: Coffre, address: str) -> httpx.Client:
    """Somebody who calls from this address of the loopback."""
    return httpx.Client(base_url=coffre.url, transport=httpx.HTTPTransport(local_address=address))


def is_limited(caller: httpx.Client, path: str, headers: dict[str, str]) -> bool:
    """Of an address that has spent its burst: on a slow machine a call or two are given back meanwhile."""
    return any(caller.get(path, headers=headers).status_code == 429 for _ in range(BURST // 4))


def test_rubbish_is_limited_by_address_and_valid_credentials_never_are(apart: Coffre) -> None:
    person = apart.open_record()
    path = f"/records/{person.public_id}/documents"
    with client(apart, "127.0.0.1") as flood, client(apart, "127.0.0.2") as other:
        answers = [flood.get(path, headers=FORGED) for _ in range(BURST + 60)]
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {401, 429} and statuses[:BURST] == [401] * BURST
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "too_many_calls" and int(refused.headers["retry-after"]) >= 1
        assert is_limited(flood, path, {})  # no credential at all
        assert flood.get(path, headers=bearer(person.token)).status_code == 200
        assert flood.get("/health/live", headers=FORGED).status_code == 200
        assert other.get(path, headers=FORGED).status_code == 401
        told = {"X-Forwarded-For": "203.0.113.9"}
        assert is_limited(flood, path, {**FORGED, **told})  # not a proxy's word
    with client(apart, "127.0.0.9") as proxy:
        for _ in range(BURST + 60):
            proxy.get(path, headers={**FORGED, "X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
        assert is_limited(proxy, path, {**FORGED, "X-Forwarded-For": "203.0.113.7"})
        assert proxy.get(path, headers={**FORGED, "X-Forwarded-For": "203.0.113.8"}).status_code == 401
    with apart.system() as system, system.vault_stores[0].reading() as tx:
        assert len(tx.find("refusal")) == 1  # the log has one line, and a count


@pytest.mark.parametrize("expects", [True, False])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/grants"),
        ("POST", "/records/find"),
        ("PUT", "/records/{id}/emergency"),
        ("POST", "/records/{id}/authorisations"),
        ("POST", "/fhir/DocumentReference"),
        ("POST", "/records/{id}/dicomweb/studies"),
    ],
)
def test_a_credential_is_judged_before_the_body_is_sent(
    coffre: Coffre, patient: Patient, method: str, path: str, expects: bool
) -> None:
    head = [
        f"{method} {path.format(id=patient.public_id)} HTTP/1.1",
        "Host: coffre.example",
        "Authorization: Bearer eyJ.eyJ.eyJ",
        'Content-Type: multipart/related; type="application/dicom"; boundary=b'
        if path.endswith("studies")
        else "Content-Type: application/json",
        "Content-Length: 1000000000",
        *(["Expect: 100-continue"] if expects else []),
    ]
    with connect(coffre) as connection:
        connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        status, body = answer_of(connection)
        assert status == 401 and b"token_invalid" in body
        connection.settimeout(20)
        sent = 0
        try:
            while sent < 200 << 20:  # nobody listens to the rest for long
                connection.sendall(bytes(1 << 20))
                sent += 1 << 20
        except OSError:
            pass
        assert sent < 100 << 20
