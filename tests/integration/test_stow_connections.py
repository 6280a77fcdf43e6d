"""A Store request as bytes on a connection: what is judged before the body, and heads without an end."""

import json
import socket
import zlib
from pathlib import Path

import pytest

from tests.integration.outsider import Before, answer_of, connect, eventually, stow_head
from tests.integration.support import Coffre, Patient, multipart
from tests.integration.test_memory import MOST_GROWTH, peak

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


class TestExpect:
    def test_the_body_is_asked_for_once_the_head_is_good(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        body = multipart(patient.ct(slices=1, size=16))
        with connect(coffre) as connection:
            connection.sendall(
                stow_head(coffre, lab, patient.ins, f"Content-Length: {len(body)}", "Expect: 100-continue")
            )
            assert connection.recv(65_536) == CONTINUE
            connection.sendall(body)
            status, _ = answer_of(connection)
        assert status == 200
        assert len(patient.documents()) == 1

    @pytest.mark.parametrize(
        ("token", "line", "status"),
        [
            ("", "Accept: */*", 401),
            ("eyJ.eyJ.eyJ", "Accept: */*", 401),
            (None, "Accept: text/html", 406),
            (None, "Content-Encoding: br", 415),
        ],
        ids=["no token", "a token that is none", "an answer we do not give", "an encoding we do not read"],
    )
    def test_a_refused_head_never_asks_for_the_body(
        self, coffre: Coffre, person: Patient, lab: str, token: str | None, line: str, status: int
    ) -> None:
        before = Before.of(coffre)
        with connect(coffre) as connection:
            token = lab if token is None else token
            lines = ("Content-Length: 1000000000", "Expect: 100-continue", line)
            connection.sendall(stow_head(coffre, token, person.ins, *lines))
            found, _ = answer_of(connection)
        assert found == status
        assert before.added() == {}


class TestChunks:
    def test_gzip_in_chunks_of_any_size(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        packer = zlib.compressobj(wbits=31)
        body = packer.compress(multipart(patient.ct(slices=2, size=64))) + packer.flush()
        with connect(coffre) as connection:
            lines = ("Transfer-Encoding: chunked", "Content-Encoding: gzip")
            connection.sendall(stow_head(coffre, lab, patient.ins, *lines))
            for start in range(0, len(body), 999):
                piece = body[start : start + 999]
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
            status, answer = answer_of(connection)
        assert status == 200, answer
        assert patient.documents()[0]["instances"] == 2

    def test_a_connection_cut_before_its_last_chunk_leaves_nothing(
        self, coffre: Coffre, person: Patient, lab: str
    ) -> None:
        before = Before.of(coffre)
        body = multipart(person.ct(slices=1, size=16))
        with connect(coffre) as connection:
            connection.sendall(stow_head(coffre, lab, person.ins, "Transfer-Encoding: chunked"))
            connection.sendall(b"%x\r\n%s\r\n" % (len(body), body))
        eventually(lambda: _same(before))

    def test_a_last_chunk_before_the_closing_boundary_is_no_end(
        self, coffre: Coffre, person: Patient, lab: str
    ) -> None:
        before = Before.of(coffre)
        body = multipart(person.ct(slices=1, size=16))[:-20]
        with connect(coffre) as connection:
            connection.sendall(stow_head(coffre, lab, person.ins, "Transfer-Encoding: chunked"))
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
            status, answer = answer_of(connection)
        assert status == 400
        assert b"truncated_body" in answer
        assert before.added() == {}


def _same(before: Before) -> None:
    assert before.added() == {}


class TestRefusedPieces:
    def test_a_sender_is_told_of_what_he_sent_before_he_sends_more(
        self, coffre: Coffre, person: Patient, lab: str
    ) -> None:
        """He has sent a part that is refused, a mebibyte of it, and waits."""
        before = Before.of(coffre)
        with connect(coffre) as connection:
            connection.settimeout(10)
            head = stow_head(coffre, lab, person.ins, f"Content-Length: {100 << 20}")
            connection.sendall(head + multipart([bytes(1 << 20)], part_type="text/html")[:-20])
            status, answer = answer_of(connection)
        assert (status, json.loads(answer)["code"]) == (415, "bad_part_type")
        assert before.added() == {}


class TestHeads:
    """None of these needs a credential, so none may cost memory."""

    ENDLESS = 100 << 20

    @pytest.mark.parametrize(
        "start",
        [
            b"POST /dicomweb/studies HTTP/1.1\r\nX: ",
            b"GET /",
            b"POST /dicomweb/studies HTTP/1.1\r\nContent-Type: multipart/related; boundary=",
            b"POST /dicomweb/studies HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: ",
        ],
        ids=["header", "address", "content type", "trailer"],
    )
    def test_a_line_of_100_mb_ends_the_connection(self, coffre: Coffre, start: bytes) -> None:
        pid = coffre.server.pid
        assert pid is not None
        before = peak(pid)
        with connect(coffre) as connection:
            connection.sendall(start)
            sent = _send_until_refused(connection, b"a" * (1 << 20), self.ENDLESS)
        assert sent < self.ENDLESS
        assert peak(pid) - before < MOST_GROWTH / 4
        assert Path(f"/proc/{pid}").exists()

    def test_headers_without_number_end_the_connection(self, coffre: Coffre) -> None:
        with connect(coffre) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\n")
            sent = _send_until_refused(connection, b"X: a\r\n" * 10_000, self.ENDLESS)
        assert sent < self.ENDLESS

    def test_the_refusal_has_its_status(self, coffre: Coffre) -> None:
        with connect(coffre) as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nX: " + b"a" * 70_000)
            status, _ = answer_of(connection)
        assert status == 431

    def test_heads_of_usual_size_and_large_bodies_pass(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        body = multipart(patient.ct(slices=2, size=512))
        with connect(coffre) as connection:
            lines = (f"Content-Length: {len(body)}", "X: " + "a" * 30_000)
            connection.sendall(stow_head(coffre, lab, patient.ins, *lines) + body)
            status, _ = answer_of(connection)
        assert status == 200


def _send_until_refused(connection: socket.socket, piece: bytes, most: int) -> int:
    """Bytes sent before the server closed."""
    sent = 0
    try:
        while sent < most:
            connection.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent
