"""How the sender asks, waits, tries again and reports. The server here is a double; the real one answers in
tests/integration/test_send_fetch.py."""

import base64
import gzip
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import typer
from typer.testing import CliRunner

from client import http_client as server
from client.fetch.addresses import Addresses, GrantAnswer
from client.http_client import CoffreClient, printable
from client.options import check_url, read_token
from client.send.contents import CHUNK
from client.send.delivery import Delivery
from client.send.deposits import SendClient
from client.send.finding import candidates
from client.send.journal import Journal
from client.send.multipart import Multipart
from client.send.plan import Candidate, Kind
from client.send.showing import print_verdicts
from client.send.verdicts import FileVerdict, Outcome
from client.terminal import shown
from coffre.commands.send import send_command
from coffre.demonstration.files import data as demo_data
from records.errors import CoffreError, Invalid
from records.people.identity import INS

URL = "https://coffre.example"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
SUBMISSION = "0198a000-0000-7000-8000-000000000001"
DOCUMENT = "0198a000-0000-7000-8000-00000000000d"
PUBLISHED = {"outcome": "published", "code": "published", "reason": "Published.", "document": DOCUMENT}
TRUNCATED = {"outcome": "rejected", "code": "truncated", "reason": "The file ends early."}

Handler = Callable[[httpx.Request], httpx.Response]


class Double:
    """Takes deposits as the real server does and answers with the parts it was given, after some polls."""

    def __init__(self, *parts: dict[str, str], polls: int = 0) -> None:
        self.parts = list(parts)
        self.polls = polls
        self.requests: list[httpx.Request] = []
        self.failures: list[httpx.Response | Exception] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        if request.method == "POST":
            return httpx.Response(202, headers={"Content-Location": f"/submissions/{SUBMISSION}"})
        self.polls -= 1
        state = "validating" if self.polls >= 0 else "published"
        parts = [] if self.polls >= 0 else self.parts
        return httpx.Response(200, json={"id": SUBMISSION, "state": state, "parts": parts})


@pytest.fixture
def pauses() -> list[float]:
    return []


def client_of(handler: Handler, pauses: list[float], wait: float = 60) -> SendClient:
    connection = CoffreClient(URL, TOKEN, sleep=pauses.append, transport=httpx.MockTransport(handler))
    now = iter(range(10_000))
    ins = INS.parse(demo_data.PATIENT_INS, demo_data.OID)
    return SendClient(connection, ins, wait=wait, sleep=pauses.append, clock=lambda: next(now))


@pytest.fixture
def slices(tmp_path: Path) -> list[Candidate]:
    for name, data in demo_data.ct_study(demo_data.PATIENT_INS, demo_data.OID, slices=2, size=64):
        (tmp_path / name).write_bytes(data)
    return candidates([tmp_path])


@pytest.fixture
def report(tmp_path: Path) -> Candidate:
    path = tmp_path / "Compte rendu.pdf"
    path.write_bytes(demo_data.report_pdf())
    return candidates([path])[0]


def send(client: SendClient, found: list[Candidate]) -> list[FileVerdict]:
    return Delivery([client], Journal([]), type_code="18748-4").run(found)


def parts_of(request: httpx.Request) -> list[bytes]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + request.content)
    return [part.get_payload(decode=True) for part in message.get_payload()]  # type: ignore[union-attr,misc]


def test_instances_of_a_study_travel_in_one_request_of_known_length(
    slices: list[Candidate], pauses: list[float]
) -> None:
    double = Double(PUBLISHED, PUBLISHED)
    client_of(double, pauses).send_dicom(slices)
    request = double.requests[0]
    assert str(request.url) == f"{URL}/records/{demo_data.PATIENT_INS}/dicomweb/studies"
    assert request.headers["content-type"].startswith(
        'multipart/related; type="application/dicom"; boundary='
    )
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert int(request.headers["content-length"]) == len(request.content)
    assert "transfer-encoding" not in request.headers
    assert parts_of(request) == [one.path.read_bytes() for one in slices]


def test_a_body_is_read_from_disk_in_pieces_and_tells_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(5 * CHUNK + 1))
    sent: list[int] = []
    content = Multipart([Candidate(path, Kind.DICOM, 5 * CHUNK + 1)], sent.append)
    pieces = [len(piece) for piece in content.body()]
    assert max(pieces) == CHUNK
    assert sum(pieces) == content.length == sent[-1]


@pytest.mark.parametrize("change", [b"", b"longer than before"])
def test_a_file_that_changes_meanwhile_is_not_sent_half(
    tmp_path: Path, pauses: list[float], change: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(change)
    with pytest.raises(CoffreError) as refused:
        client_of(Double(PUBLISHED), pauses).send_dicom([Candidate(path, Kind.DICOM, 5)])
    assert refused.value.code == "file_changed"


def test_a_report_is_published_as_a_fhir_document_reference(report: Candidate, pauses: list[float]) -> None:
    double = Double(PUBLISHED)
    verdict = client_of(double, pauses).send_pdf(report, type_code="18748-4")
    request = double.requests[0]
    resource = json.loads(request.content)
    assert str(request.url) == f"{URL}/fhir/DocumentReference"
    assert request.headers["content-type"] == "application/fhir+json"
    assert resource["subject"]["identifier"] == {
        "system": "urn:oid:1.2.250.1.213.1.4.10",
        "value": demo_data.PATIENT_INS,
    }
    attachment = resource["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == report.path.read_bytes()
    assert (attachment["contentType"], attachment["title"]) == ("application/pdf", "Compte rendu")
    assert (verdict.outcome, verdict.document) == (Outcome.PUBLISHED, DOCUMENT)


def test_the_verdict_is_waited_for_with_growing_pauses(slices: list[Candidate], pauses: list[float]) -> None:
    double = Double(PUBLISHED, TRUNCATED, polls=4)
    verdicts = client_of(double, pauses).send_dicom(slices)
    assert [(one.outcome, one.code) for one in verdicts] == [
        (Outcome.PUBLISHED, "published"),
        (Outcome.REJECTED, "truncated"),
    ]
    assert len(pauses) == 4
    assert pauses == sorted(pauses)
    assert str(double.requests[-1].url) == f"{URL}/submissions/{SUBMISSION}"


def test_a_verdict_that_does_not_come_in_time_is_pending_not_lost(
    slices: list[Candidate], pauses: list[float]
) -> None:
    verdicts = client_of(Double(polls=1000), pauses, wait=5).send_dicom(slices)
    assert {(one.outcome, one.submission) for one in verdicts} == {(Outcome.PENDING, SUBMISSION)}


@pytest.mark.parametrize("parts", [[], [PUBLISHED], [PUBLISHED] * 3])
def test_verdicts_about_another_number_of_files_are_not_accepted(
    slices: list[Candidate], pauses: list[float], parts: list[dict[str, str]]
) -> None:
    with pytest.raises(CoffreError) as refused:
        client_of(Double(*parts), pauses).send_dicom(slices)
    assert refused.value.code == "bad_answer"


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.Response(503)],
    ids=["refused", "reset", "503"],
)
def test_a_server_that_is_away_for_a_moment_is_asked_again(
    slices: list[Candidate], pauses: list[float], failure: httpx.Response | Exception
) -> None:
    double = Double(PUBLISHED, PUBLISHED)
    asked = isinstance(failure, Exception)  # whether the token is still good
    double.failures = [failure, httpx.Response(404), failure] if asked else [failure, failure]
    double.failures += [httpx.Response(404)] if asked else []
    verdicts = client_of(double, pauses).send_dicom(slices)
    assert all(one.outcome is Outcome.PUBLISHED for one in verdicts)
    assert pauses == [0.5, 1.0]
    assert parts_of([r for r in double.requests if r.method == "POST"][2]) == [
        one.path.read_bytes() for one in slices
    ]


def test_after_a_lost_connection_a_refused_token_is_recognised_at_once(
    slices: list[Candidate], pauses: list[float]
) -> None:
    double = Double()
    refused = httpx.Response(401, json={"code": "token_invalid", "detail": "Sign in again."})
    double.failures = [httpx.WriteError("hung up"), refused]
    with pytest.raises(CoffreError) as ended:
        client_of(double, pauses).send_dicom(slices)
    assert (ended.value.code, pauses) == ("token_invalid", [])


@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_that_a_server_asks_for_is_kept(
    slices: list[Candidate], pauses: list[float], status: int
) -> None:
    double = Double(PUBLISHED, PUBLISHED)
    double.failures = [httpx.Response(status, headers={"Retry-After": "70"})]
    client_of(double, pauses).send_dicom(slices)
    assert pauses == [70.0]


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}], ids=["no pause", "an hour"])
def test_a_quota_that_no_pause_mends_is_a_verdict_at_once(
    slices: list[Candidate], pauses: list[float], headers: dict[str, str]
) -> None:
    double = Double(PUBLISHED, PUBLISHED)
    double.failures = [httpx.Response(429, json={"code": "quota_exceeded"}, headers=headers)]
    verdicts = send(client_of(double, pauses), slices)
    assert ({one.code for one in verdicts}, pauses) == ({"quota_exceeded"}, [])


def test_a_server_that_stays_away_is_given_up_without_naming_the_record(
    slices: list[Candidate], report: Candidate, pauses: list[float]
) -> None:
    double = Double()
    double.failures = [httpx.ConnectError(f"no {URL}/records/{demo_data.PATIENT_INS}")] * 100
    verdicts = send(client_of(double, pauses), [*slices, report])
    assert {(one.outcome, one.code) for one in verdicts} == {(Outcome.FAILED, "unreachable")}
    posts = [request for request in double.requests if request.method == "POST"]
    assert len(posts) == server.ATTEMPTS  # the report was not tried: nothing can succeed
    assert demo_data.PATIENT_INS not in repr(verdicts)


PROBLEM = httpx.Response(413, json={"code": "too_large", "detail": "Send less at once."})
OUTCOME = httpx.Response(
    400,
    json={
        "resourceType": "OperationOutcome",
        "issue": [{"details": {"coding": [{"code": "bad_status"}], "text": "Must be current."}}],
    },
)
PAGE = httpx.Response(502, text="<html>Bad gateway</html>")


@pytest.mark.parametrize(
    ("answers", "code", "sentence"),
    [
        ([PROBLEM] * 3, "too_large", "Send less at once."),  # tried in halves
        ([OUTCOME], "bad_status", "Must be current."),
        ([PAGE], "http_502", "The server answered 502 without a reason."),
    ],
    ids=["problem", "operation outcome", "page"],
)
def test_a_refused_request_is_a_verdict_on_its_files_and_the_rest_is_sent(
    slices: list[Candidate],
    report: Candidate,
    pauses: list[float],
    answers: list[httpx.Response],
    code: str,
    sentence: str,
) -> None:
    double = Double(PUBLISHED)
    double.failures = [*answers]
    verdicts = send(client_of(double, pauses), [*slices, report])
    assert [(one.outcome, one.code, one.reason) for one in verdicts[:2]] == [
        (Outcome.FAILED, code, sentence)
    ] * 2
    assert verdicts[2].outcome is Outcome.PUBLISHED


def test_an_expired_token_ends_the_sending(
    slices: list[Candidate], report: Candidate, pauses: list[float]
) -> None:
    double = Double()
    double.failures = [httpx.Response(401, json={"code": "token_expired", "detail": "Sign in again."})]
    verdicts = send(client_of(double, pauses), [*slices, report])
    assert {one.code for one in verdicts} == {"token_expired"}
    assert len(double.requests) == 1


def test_verdicts_keep_the_order_of_the_files(
    slices: list[Candidate], report: Candidate, pauses: list[float]
) -> None:
    other = Candidate(Path("notes.txt"), Kind.OTHER, 3, trouble="not_taken")
    given = [report, slices[1], other, slices[0]]
    double = Double(PUBLISHED)
    verdicts = send(client_of(lambda request: answer_by_kind(double, request), pauses), given)
    assert [one.path for one in verdicts] == [str(one.path) for one in given]
    assert verdicts[2] == FileVerdict(
        "notes.txt", "other", Outcome.SKIPPED, "not_taken", "Neither DICOM nor PDF."
    )


def answer_by_kind(double: Double, request: httpx.Request) -> httpx.Response:
    if request.method == "POST":
        double.parts = [PUBLISHED] * (1 if request.url.path.startswith("/fhir") else 2)
    return double(request)


def test_text_from_a_server_cannot_steer_the_terminal() -> None:
    assert printable("\x1b[2Jred\u202e\n") == "�[2Jred��"


ENDLESS = itertools.repeat(bytes(2**20))
NESTED = b"[" * 200_000


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            {"stream": httpx.ByteStream(gzip.compress(bytes(2**20))), "gzip": True}, id="compressed"
        ),
        pytest.param({"stream": httpx.ByteStream(b"no gzip"), "gzip": True}, id="wrongly_compressed"),
        pytest.param({"content": ENDLESS}, id="endless"),
        pytest.param({"content": NESTED}, id="nested"),
        pytest.param({"json": {"state": [], "parts": []}}, id="state_of_another_type"),
    ],
)
def test_a_hostile_answer_is_refused_in_bounded_memory(answer: dict[str, Any], pauses: list[float]) -> None:
    encoding = {"Content-Encoding": "gzip"} if answer.pop("gzip", False) else {}
    client = client_of(lambda _: httpx.Response(200, headers=encoding, **answer), pauses)
    late = FileVerdict("a.dcm", "dicom", Outcome.PENDING, submission=SUBMISSION)
    with pytest.raises(CoffreError) as refused:
        client.ask([late])
    assert refused.value.code == "bad_answer"


def test_a_refusal_nested_too_deep_to_read_is_one_without_a_reason() -> None:
    assert server.refusal(httpx.Response(400, content=NESTED)).code == "http_400"


@pytest.mark.parametrize("address", ["http://[", "http://host:port/", "//["])
def test_an_address_that_is_none_is_a_bad_answer(address: str, pauses: list[float]) -> None:
    objects = CoffreClient(
        URL, None, sleep=pauses.append, transport=httpx.MockTransport(lambda _: httpx.Response(200))
    )
    with pytest.raises(CoffreError) as refused:
        blob = uuid4()
        grant = GrantAnswer(str(uuid4()), "", {str(blob): address})
        Addresses(objects, objects, grant).read(blob, 0, 10, b"".join)
    assert refused.value.code == "bad_answer"


def test_a_name_cannot_steer_the_terminal() -> None:
    assert shown("é\x1b[2J\n\udcff.dcm") == r"é\x1b[2J\n\xff.dcm"


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[typer.Typer, Double]]:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    double = Double(PUBLISHED, TRUNCATED)
    real = httpx.Client

    def doubled(**kwargs: object) -> httpx.Client:
        return real(**kwargs | {"transport": httpx.MockTransport(double)})  # type: ignore[arg-type]

    monkeypatch.setattr(httpx, "Client", doubled)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    app = typer.Typer()
    app.command("send")(send_command)
    yield app, double


def arguments(tmp_path: Path, *more: str) -> list[str]:
    token = tmp_path / "token"
    token.write_text(json.dumps({"token": TOKEN}))
    return [*more, "--record", demo_data.PATIENT_INS, "--to", URL, "--token-file", str(token)]


def test_the_command_prints_verdicts_and_ends_with_1_if_something_was_refused(
    tmp_path: Path, command: tuple[typer.Typer, Double], slices: list[Candidate]
) -> None:
    app, _ = command
    folder = str(slices[0].path.parent)
    result = CliRunner().invoke(app, arguments(tmp_path.parent, folder, "--json"))
    printed = json.loads(result.stdout)
    assert result.exit_code == 1
    assert printed["summary"] == {"published": 1, "rejected": 1}
    assert printed["files"][1] == {
        "path": str(slices[1].path),
        "kind": "dicom",
        "outcome": "rejected",
        "code": "truncated",
        "reason": "The file ends early.",
        "submission": SUBMISSION,
        "sha256": hashlib.sha256(slices[1].path.read_bytes()).hexdigest(),
    }
    told = CliRunner().invoke(app, arguments(tmp_path.parent, folder)).stdout
    assert told.endswith(
        f"1 published, 1 rejected\n\nrejected · truncated: The file ends early.\n"
        f"  1 in {folder}\n    {slices[1].path.name}\n"
    )
    assert TOKEN not in result.output + told


def test_what_is_to_be_mended_ends_the_list_by_reason_and_folder_with_whole_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "compte rendu [bold] d'un examen " * 8
    files = [
        FileVerdict(f"/cd/S1/{long}1", "dicom", Outcome.REJECTED, "truncated", "It ends early."),
        FileVerdict("/cd/S1/kept", "dicom", Outcome.PUBLISHED, "published"),
        FileVerdict("/cd/S2/b", "dicom", Outcome.QUARANTINED, "no_ins", "No INS."),
        FileVerdict("/cd/S2/c", "dicom", Outcome.REJECTED, "truncated", "It ends early."),
        FileVerdict(f"/cd/S1/{long}2", "dicom", Outcome.REJECTED, "truncated", "It ends early."),
        FileVerdict("/a.zip", "dicom", Outcome.FAILED, "zip_damaged", "Damaged.", member="x/y"),
        FileVerdict("/cd/late", "dicom", Outcome.PENDING, "pending", "Later."),
        FileVerdict("/cd/S1/odd", "dicom", Outcome.PUBLISHED, "deflated", "A remark."),
    ]
    print_verdicts(files)
    assert capsys.readouterr().out.splitlines() == [
        "/cd/S1/kept  published",
        "/cd/S1/odd  published",
        "2 published, 3 rejected, 1 quarantined, 1 pending, 1 failed",
        *("", "published · deflated: A remark.", "  1 in /cd/S1", "    odd"),
        *("", "rejected · truncated: It ends early.", "  2 in /cd/S1", f"    {long}1", f"    {long}2"),
        *("  1 in /cd/S2", "    c"),
        *("", "quarantined · no_ins: No INS.", "  1 in /cd/S2", "    b"),
        *("", "failed · zip_damaged: Damaged.", "  1 in /a.zip", "    x/y"),
        *("", "pending", "  1 in /cd", "    late"),
    ]


def test_the_command_ends_with_0_if_all_is_published_or_known(
    tmp_path: Path, command: tuple[typer.Typer, Double], slices: list[Candidate]
) -> None:
    app, double = command
    double.parts[1] = {"outcome": "duplicate", "code": "duplicate", "reason": "Known.", "document": DOCUMENT}
    folder = slices[0].path.parent
    (folder / "notes.txt").write_text("not sent")
    assert CliRunner().invoke(app, arguments(tmp_path.parent, str(folder))).exit_code == 0


def test_a_dry_run_sends_nothing(
    tmp_path: Path, command: tuple[typer.Typer, Double], slices: list[Candidate]
) -> None:
    app, double = command
    result = CliRunner().invoke(
        app, arguments(tmp_path.parent, str(slices[0].path.parent), "--dry-run", "--json")
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)["summary"] == {"planned": 2}
    assert double.requests == []


def test_verdicts_can_be_read_line_by_line(
    tmp_path: Path, command: tuple[typer.Typer, Double], slices: list[Candidate]
) -> None:
    app, _ = command
    folder = str(slices[0].path.parent)
    result = CliRunner().invoke(app, arguments(tmp_path.parent, folder, "--json-lines"))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get("outcome") for line in lines[:-1]] == ["published", "rejected"]
    assert lines[-1] == {"summary": {"published": 1, "rejected": 1}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (["--record", "277079999900168"], "bad_ins"),
        (["--to", "ftp://coffre.example"], "bad_url"),
        (["--to", "http://coffre.example"], "insecure_url"),
        (["--token-file", "/nowhere"], "bad_token_file"),
        (["--type", "no type"], "type_unknown"),
        (["--json", "--json-lines"], "bad_option"),
        (["--journal", "/dev/null"], "not_a_journal"),
        (["--journal", "/nowhere/at/all"], "journal_unusable"),
        (["/nowhere/at/all"], "no_such_path"),
    ],
)
def test_misuse_ends_with_2_and_says_what_to_correct(
    tmp_path: Path,
    command: tuple[typer.Typer, Double],
    slices: list[Candidate],
    change: list[str],
    code: str,
) -> None:
    app, double = command
    result = CliRunner().invoke(app, [*arguments(tmp_path.parent, str(slices[0].path.parent)), *change])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{code}: ")
    assert all(request.method == "GET" for request in double.requests)


def test_nothing_to_send_is_misuse(tmp_path: Path, command: tuple[typer.Typer, Double]) -> None:
    app, _ = command
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("a text")
    result = CliRunner().invoke(app, arguments(tmp_path, str(tmp_path / "in")))
    assert (result.exit_code, result.stderr.split(":")[0]) == (2, "nothing_to_send")


def test_a_token_is_read_bare_or_as_it_was_issued(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    assert read_token(path) == TOKEN
    path.write_text(json.dumps({"token": TOKEN, "expires": 1}))
    assert read_token(path) == TOKEN
    for content in (TOKEN, json.dumps({"token": TOKEN})):
        for encoding in ("utf-8-sig", "utf-16"):  # as Windows' editors and shells write it
            path.write_bytes(f"{content}\r\n".encode(encoding))
            assert read_token(path) == TOKEN
    for wrong in ("", "two words of text", '{"no": "token"}', "[]", "é" * 20):
        path.write_text(wrong)
        with pytest.raises(Invalid) as refused:
            read_token(path)
        assert refused.value.code == "bad_token_file"


@pytest.mark.parametrize("address", [URL, f"{URL}/", f"{URL}//", f" {URL}/\n"])
def test_a_slash_at_the_end_of_an_address_is_no_part_of_it(address: str) -> None:
    assert check_url(address) == URL


@pytest.mark.parametrize(
    "address",
    ["", "/", "coffre.example", "http://[", "https://coffre.example:99999", f"{URL}:x", f"{URL}/?a=b"],
)
def test_what_is_no_address_is_told_by_the_option_that_holds_it(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_url(address, option="--to")
    assert (refused.value.code, refused.value.sentence.split(" ")[0]) == ("bad_url", "--to")


def test_a_token_goes_over_http_only_to_this_machine_or_on_purpose() -> None:
    assert check_url("http://127.0.0.1:8080/") == "http://127.0.0.1:8080"
    assert check_url("http://coffre.example", allow_http=True) == "http://coffre.example"
    for url in ("http://127.example", "http://coffre.example"):
        with pytest.raises(Invalid) as refused:
            check_url(url)
        assert refused.value.code == "insecure_url"


def test_a_path_is_below_the_server_whatever_it_holds(pauses: list[float]) -> None:
    """What a name in a path holds leads the token to no other server."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    with CoffreClient(URL, TOKEN, sleep=pauses.append, transport=httpx.MockTransport(handler)) as client:
        for path in ("/records/https://elsewhere.example", "//elsewhere.example/x", "/x?next=http://a/"):
            client.call("GET", path)
        client.call("GET", "https://objects.example/1")
    assert [httpx.URL(each).host for each in asked] == [httpx.URL(URL).host] * 3 + ["objects.example"]
