"""Bodies that lie, break off, or are something else: a clear answer, no trace, no orphan, a silent log."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coffre.demonstration.files import data as demo_data
from coffre.serving.callers.authentication import Authentication
from ingestion.envelope import SubmissionHeaders
from ingestion.intake.reception import Depositor
from records.errors import CoffreError
from records.people.identity import INS_NIR, INS_NIR_TEST
from tests.integration import outsider
from tests.integration.outsider import Before, eventually, failed_items, first, stow_raw
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer, multipart, new_ins, problem, related
from tests.unit.content.dicom_bytes import identifiers, image, part10

Body = Callable[[list[bytes]], bytes]


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def good(person: Patient) -> list[bytes]:
    return person.ct(slices=2, size=32)


@pytest.fixture(scope="module", autouse=True)
def silent(coffre: Coffre, person: Patient, lab: str) -> Iterator[None]:
    """Whatever these tests send, the log tells codes alone."""
    yield
    outsider.assert_log_is_silent(coffre, person.ins, person.token, lab, demo_data.ACCESSION)


BROKEN_FRAMING: dict[str, tuple[int, str, Body]] = {
    "empty body": (400, "truncated_body", lambda good: b""),
    "no parts": (400, "no_parts", lambda good: multipart([])),
    "another boundary": (400, "bad_multipart", lambda good: multipart(good, "other")),
    "cut inside a part": (400, "truncated_body", lambda good: multipart(good)[:-900]),
    "cut before the closing boundary": (400, "truncated_body", lambda good: multipart(good)[:-14]),
    "closing dashes missing": (400, "truncated_body", lambda good: multipart(good)[:-4]),
    "one boundary and nothing": (400, "truncated_body", lambda good: b"--b0undary\r\n"),
    "header without end": (400, "truncated_body", lambda good: b"--b0undary\r\nContent-Type: application/di"),
    "not multipart at all": (400, "bad_multipart", lambda good: good[0]),
    "gzip": (400, "bad_multipart", lambda good: gzip.compress(multipart(good))),
    "lines that end with LF": (400, "bad_multipart", lambda good: multipart(good).replace(b"\r\n", b"\n")),
    "a preamble of 100 kB": (400, "bad_multipart", lambda good: b"x" * 100_000 + b"\r\n" + multipart(good)),
    "header of 20 kB": (
        400,
        "bad_multipart",
        lambda good: b"--b0undary\r\nX: " + b"a" * 20_000 + b"\r\n\r\nx\r\n--b0undary--\r\n",
    ),
    "a thousand headers": (
        400,
        "bad_multipart",
        lambda good: b"--b0undary\r\n" + b"X: a\r\n" * 1000 + b"\r\nx\r\n--b0undary--\r\n",
    ),
    "header name of control bytes": (
        400,
        "bad_multipart",
        lambda good: b"--b0undary\r\n\x00\x01: a\r\n\r\nx\r\n--b0undary--\r\n",
    ),
    "part of another type": (415, "bad_part_type", lambda good: multipart(good, part_type="application/pdf")),
    "ten thousand and one parts": (413, "too_many_parts", lambda good: multipart([b"x"] * 10_001)),
}


@pytest.mark.parametrize("case", BROKEN_FRAMING)
def test_a_body_that_breaks_its_framing_is_refused_and_forgotten(
    coffre: Coffre, person: Patient, lab: str, good: list[bytes], case: str
) -> None:
    status, code, body = BROKEN_FRAMING[case]
    before = Before.of(coffre)
    answer = stow_raw(coffre, lab, person.ins, body(good))
    assert (answer.status_code, problem(answer)) == (status, code)
    assert before.added() == {}


CONTENT_TYPES = {
    "": (415, "bad_content_type"),
    ";;;": (415, "bad_content_type"),
    "application/pdf": (415, "bad_content_type"),
    "multipart/form-data; boundary=b0undary": (415, "bad_content_type"),
    "multipart/related": (400, "bad_boundary"),
    "multipart/related; boundary=": (400, "bad_boundary"),
    "multipart/related; boundary=" + "x" * 257: (400, "bad_boundary"),
    'multipart/related; boundary="é"': (400, "bad_boundary"),
    "multipart/related; boundary*=utf-8''%C3%A9": (400, "bad_boundary"),
    "multipart/related; boundary*0=other; boundary*1=x": (400, "bad_multipart"),
    "multipart/related; boundary*=utf-8''other": (400, "bad_multipart"),
}


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_a_content_type_without_usable_boundary_is_told(
    coffre: Coffre, person: Patient, lab: str, good: list[bytes], content_type: str
) -> None:
    before = Before.of(coffre)
    path = f"/records/{person.ins}/dicomweb/studies"
    headers = {**bearer(lab), "Content-Type": content_type.encode("latin-1")}
    answer = coffre.http.post(path, content=multipart(good), headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, problem(answer)) == CONTENT_TYPES[content_type]
    assert before.added() == {}


PART_HEADERS = {
    "a type given twice": "Content-Type: application/dicom\r\nContent-Type: text/plain",
    "base64": "Content-Type: application/dicom\r\nContent-Transfer-Encoding: base64",
    "gzip": "Content-Type: application/dicom\r\nContent-Encoding: gzip",
    "a range": "Content-Type: application/dicom\r\nContent-Range: bytes 0-1/2",
}


@pytest.mark.parametrize("case", PART_HEADERS)
def test_a_header_of_a_part_that_would_change_its_bytes_is_refused(
    coffre: Coffre, person: Patient, lab: str, good: list[bytes], case: str
) -> None:
    before = Before.of(coffre)
    body = f"--b0undary\r\n{PART_HEADERS[case]}\r\n\r\n".encode() + good[0] + b"\r\n--b0undary--\r\n"
    headers = {**bearer(lab), "Content-Type": related()}
    answer = coffre.http.post(f"/records/{person.ins}/dicomweb/studies", content=body, headers=headers)
    assert (answer.status_code, problem(answer)) == (400, "bad_part_header")
    assert before.added() == {}


def test_a_precondition_of_a_deposit_is_refused_and_a_parameter_chooses_the_answer(
    coffre: Coffre, patient: Patient, lab: str
) -> None:
    files = patient.ct(slices=1, size=16)
    refused = coffre.stow(lab, files, patient.ins, **{"If-None-Match": "*"})
    assert (refused.status_code, problem(refused)) == (400, "unsupported_header")
    path = f"/records/{patient.ins}/dicomweb/studies?accept=application/dicom%2Bxml"
    headers = {**bearer(lab), "Content-Type": related(), "Accept": "application/dicom+json"}
    answer = coffre.http.post(path, content=multipart(files), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+xml")


REJECTED_PARTS: dict[str, tuple[str, Callable[[list[bytes]], bytes]]] = {
    "empty": ("not_dicom", lambda good: b""),
    "text": ("not_dicom", lambda good: b"Bonjour, ceci n'est pas une image."),
    "PDF": ("not_dicom", lambda good: demo_data.report_pdf()),
    "gzip": ("not_dicom", lambda good: gzip.compress(good[0])),
    "truncated": ("truncated", lambda good: good[0][:-400]),
    "no SOP Instance UID": ("uid_missing", lambda good: part10(identifiers(sop=b""))),
    "no Study Instance UID": ("uid_missing", lambda good: part10(identifiers(study=b""))),
    "UID of slashes": ("uid_unusable", lambda good: part10(identifiers(sop=b"../../../etc"))),
    "executable in the preamble": ("preamble_active", lambda good: b"MZ" + good[0][2:]),
}


@pytest.mark.parametrize("case", REJECTED_PARTS)
def test_a_part_that_is_no_valid_instance_is_refused_with_its_reason(
    coffre: Coffre, person: Patient, lab: str, good: list[bytes], case: str
) -> None:
    code, make = REJECTED_PARTS[case]
    before = Before.of(coffre)
    answer = coffre.stow(lab, [make(good)], person.ins)
    assert answer.status_code == 409
    (item,) = failed_items(answer)
    told = coffre.submission(lab, answer)
    assert told["state"] == "rejected"
    (part,) = told["parts"]
    assert (part["outcome"], part["code"]) == ("rejected", code)
    assert first(item, "00000902").startswith(f"{code}: {part['reason'][:20]}")
    # the depositor's receipt stays, content doesn't
    assert before.added() == {"submission": 1, "part": 1}


def test_pdf_that_is_no_pdf_or_is_active_is_refused(coffre: Coffre, person: Patient, lab: str) -> None:
    for content, code in (
        (b"\x89PNG not a pdf", "not_pdf"),
        (demo_data.report_pdf()[:-600], "pdf_truncated"),
        (demo_data.javascript_pdf(), "pdf_javascript"),
        (person.ct(slices=1, size=32)[0], "not_pdf"),
    ):
        before = Before.of(coffre)
        answer = coffre.publish_pdf(lab, person.ins, content)
        assert answer.status_code == 422
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == code
        assert before.added() == {"submission": 1, "part": 1}


class TestWhoseItIs:
    def test_the_content_of_another_patient_is_set_aside(
        self, coffre: Coffre, person: Patient, lab: str
    ) -> None:
        other = coffre.open_record()
        answer = coffre.stow(lab, person.ct(slices=1, size=32, seed=31), other.ins)
        assert answer.status_code == 409
        told = coffre.submission(lab, answer)
        assert told["state"] == "quarantined"
        assert [(p["outcome"], p["code"]) for p in told["parts"]] == [("quarantined", "other_patient")]
        assert other.documents() == []

    def test_content_without_ins_and_an_address_without_ins_is_set_aside(
        self, coffre: Coffre, lab: str
    ) -> None:
        told = coffre.submission(lab, coffre.stow(lab, [image()]))
        assert told["state"] == "quarantined"
        assert [(p["outcome"], p["code"]) for p in told["parts"]] == [("quarantined", "no_ins")]

    def test_nobody_reads_what_was_set_aside(self, coffre: Coffre, lab: str) -> None:
        answer = coffre.stow(lab, [image(2)])
        (part,) = coffre.submission(lab, answer)["parts"]
        assert "document" not in part

    @pytest.mark.parametrize("named", ["ins", "public id"])
    def test_an_unknown_record_rejects(self, coffre: Coffre, lab: str, good: list[bytes], named: str) -> None:
        nobody = new_ins() if named == "ins" else "00000000-0000-0000-0000-000000000000"
        before = Before.of(coffre)
        answer = coffre.stow(lab, good, nobody)
        assert answer.status_code == 409
        assert {p["code"] for p in coffre.submission(lab, answer)["parts"]} == {"no_record"}
        assert before.added() == {"submission": 1, "part": 2}

    def test_an_ins_in_the_content_that_has_no_record_rejects(self, coffre: Coffre, lab: str) -> None:
        ((_, content),) = demo_data.ct_study(new_ins(), INS_NIR_TEST, slices=1, size=32)
        answer = coffre.stow(lab, [content])
        assert answer.status_code == 409
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["no_record"]

    def test_an_identity_of_production_in_the_content_is_judged_at_once(
        self, coffre: Coffre, person: Patient, lab: str
    ) -> None:
        ((_, content),) = demo_data.ct_study(person.ins, INS_NIR, slices=1, size=32)
        started = time.monotonic()
        answer = coffre.stow(lab, [content])
        assert time.monotonic() - started < 20
        assert answer.status_code == 409
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["no_record"]

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("123", "bad_ins"),
            ("277079999900168", "bad_ins"),
            ("%00", "bad_ins"),
            ("277079999900167|1.2.250.1.213.1.4.8", "bad_oid"),
            ("277079999900167|1.2.3", "bad_oid"),
        ],
    )
    def test_an_address_that_names_no_ins_is_refused_before_anything_is_kept(
        self, coffre: Coffre, lab: str, good: list[bytes], name: str, code: str
    ) -> None:
        before = Before.of(coffre)
        answer = coffre.stow(lab, good, name)
        assert (answer.status_code, problem(answer)) == (400, code)
        assert before.added() == {}


class TestConnections:
    def test_a_client_that_hangs_up_leaves_nothing(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes]
    ) -> None:
        before = Before.of(coffre)
        body = multipart(good)
        with outsider.connect(coffre) as connection:
            head = outsider.stow_head(coffre, lab, person.ins, f"Content-Length: {len(body)}")
            connection.sendall(head + body[: len(body) // 2])
            time.sleep(0.3)
        eventually(lambda: self._nothing(before))

    def _nothing(self, before: Before) -> None:
        """Nothing more: what another test broke off may have gone meanwhile."""
        rows = outsider.counts(before.coffre)
        assert rows["upload"] <= before.rows["upload"]
        assert rows["submission"] == before.rows["submission"]
        assert outsider.objects(before.coffre) <= before.files

    def test_a_length_longer_than_the_body_leaves_nothing(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes]
    ) -> None:
        before = Before.of(coffre)
        body = multipart(good)
        with outsider.connect(coffre) as connection:
            head = outsider.stow_head(coffre, lab, person.ins, f"Content-Length: {len(body) + 100}")
            connection.sendall(head + body)
            connection.shutdown(1)
            time.sleep(0.3)
        eventually(lambda: self._nothing(before))
        assert before.added() == {}

    def test_a_length_shorter_than_the_body_deposits_nothing(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes]
    ) -> None:
        before = Before.of(coffre)
        body = multipart(good)
        with outsider.connect(coffre) as connection:
            head = outsider.stow_head(coffre, lab, person.ins, f"Content-Length: {len(body) - 100}")
            connection.sendall(head + body)
            status, _ = outsider.answer_of(connection)
        assert status == 400
        eventually(lambda: self._nothing(before))

    @pytest.mark.parametrize(
        ("lines", "body"),
        [
            (("Content-Length: -1",), b""),
            (("Content-Length: 5", "Content-Length: 6"), b"--b0u"),
            (("Content-Length: 10", "Transfer-Encoding: chunked"), b"5\r\nhello\r\n0\r\n\r\n"),
            (("Transfer-Encoding: chunked",), b"ZZ\r\nhello\r\n0\r\n\r\n"),
        ],
    )
    def test_framing_of_the_request_itself_that_lies_is_refused(
        self, coffre: Coffre, person: Patient, lab: str, lines: tuple[str, ...], body: bytes
    ) -> None:
        before = Before.of(coffre)
        with outsider.connect(coffre) as connection:
            connection.sendall(outsider.stow_head(coffre, lab, person.ins, *lines) + body)
            status, _ = outsider.answer_of(connection)
        assert status == 400
        eventually(lambda: self._nothing(before))

    def test_a_slow_client_is_served(self, coffre: Coffre, lab: str) -> None:
        patient = coffre.open_record()
        body = multipart(patient.ct(slices=1, size=16))
        with outsider.connect(coffre) as connection:
            connection.sendall(outsider.stow_head(coffre, lab, patient.ins, f"Content-Length: {len(body)}"))
            step = len(body) // 20 + 1
            for start in range(0, len(body), step):
                connection.sendall(body[start : start + step])
                time.sleep(0.05)
            status, _ = outsider.answer_of(connection)
        assert status == 200
        assert len(patient.documents()) == 1

    def test_a_slow_client_keeps_nobody_waiting(self, coffre: Coffre, person: Patient, lab: str) -> None:
        stalled = [outsider.connect(coffre) for _ in range(40)]
        try:
            for connection in stalled:
                head = outsider.stow_head(coffre, lab, person.ins, "Content-Length: 100000")
                connection.sendall(head + b"--b0undary\r\n")
            started = time.monotonic()
            assert person.call("GET", "/documents").status_code == 200
            assert time.monotonic() - started < 5
        finally:
            for connection in stalled:
                connection.close()

    def test_chunks_of_one_byte_are_read(self, coffre: Coffre, lab: str) -> None:
        patient = coffre.open_record()
        body = multipart(patient.ct(slices=1, size=16))

        def chunks() -> Iterator[bytes]:
            for start in range(2000):
                yield body[start : start + 1]
            yield body[2000:]

        path = f"/records/{patient.ins}/dicomweb/studies"
        headers = {**bearer(lab), "Content-Type": related()}
        answer = coffre.http.post(path, content=chunks(), headers=headers)
        assert answer.status_code == 200, answer.text
        assert len(patient.documents()) == 1


def test_framing_within_the_standard_is_understood(coffre: Coffre, lab: str) -> None:
    patient = coffre.open_record()
    files = iter(patient.ct(slices=8, size=16))
    for body, content_type in (
        (b"\r\n" + multipart([next(files)]), related()),
        (multipart([next(files)]) + b"\r\nepilogue", related()),
        (multipart([next(files)]).rstrip(), related()),
        (b"This is a multipart message.\r\n--b0\r\n" + multipart([next(files)]), related()),
        (multipart([next(files)]), related() + '; start="<1@x>"; start-info="y"'),
        (multipart([next(files)]), 'multipart/related; boundary="b0undary"'),
        (multipart([next(files)], "a b=c"), 'Multipart/Related; boundary="a b=c"; type=application/dicom'),
        (multipart([next(files)]).replace(b"Content-Type: application/dicom\r\n", b""), related()),
    ):
        answer = stow_raw(coffre, lab, patient.ins, body, content_type)
        assert answer.status_code == 200, answer.text
    assert patient.documents()[0]["instances"] == 8


def test_a_row_that_cannot_be_kept_leaves_no_object(coffre: Coffre, person: Patient, lab: str) -> None:
    """The disk fills between the object and the row that acknowledges it."""
    before = Before.of(coffre)
    with coffre.system() as system:
        intake = system.intake(lambda _: None)
        deposit = intake.reception.begin(
            Depositor.of(lab, Authentication.of(system).actor(lab)),
            person.ins,
            SubmissionHeaders(kind="dicom"),
        )
        deposit.start_part()
        deposit.write(b"content")
        deposit.end_part()

        def full(*_: object) -> None:
            raise CoffreError("The disk is full.", code="store_full")

        system.index.receive = full  # type: ignore[method-assign]
        with pytest.raises(CoffreError, match="disk is full"):
            intake.reception.finish(deposit)
        deposit.abort()
    assert before.added() == {}


def test_an_interrupted_upload_is_swept_with_its_object(coffre: Coffre, person: Patient, lab: str) -> None:
    """Killed before the row: the upload's name is all that is left, and enough."""
    before = Before.of(coffre)
    with coffre.system() as system:
        reception = system.intake(lambda _: None).reception
        for _ in range(3):
            deposit = reception.begin(
                Depositor.of(lab, Authentication.of(system).actor(lab)),
                person.ins,
                SubmissionHeaders(kind="dicom"),
            )
            deposit.start_part()
            deposit.write(b"content" * 100_000)
    assert outsider.counts(coffre)["upload"] == before.rows["upload"] + 3
    assert before.added() == {}


def test_a_refused_deposit_leaves_the_record_as_it_was(
    coffre: Coffre, person: Patient, lab: str, good: list[bytes], tmp_path: Path
) -> None:
    assert coffre.stow(lab, good, person.ins).status_code == 200
    shown = person.documents()
    for body in (multipart([b"junk"]), multipart(good)[:-99], b""):
        stow_raw(coffre, lab, person.ins, body)
    coffre.publish_pdf(coffre.depositor(HOSPITAL), person.ins, b"junk")
    assert person.documents() == shown
