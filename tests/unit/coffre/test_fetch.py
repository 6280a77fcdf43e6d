"""How the fetcher asks, what it believes, and what it writes. Keys, blobs and grants are real; only HTTP is a
double. The real server answers in tests/integration/test_send_fetch.py."""

import hashlib
import json
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID, uuid4

import httpx
import pytest
import typer
from hypothesis import given
from hypothesis.strategies import text
from typer.testing import CliRunner

from client.fetch.documents import FetchClient
from client.fetch.fetching import fetch
from client.fetch.keys import NOTE_REMEMBERED, NOTE_UNPINNED, trusted_keys
from client.fetch.manifest import Manifest
from client.fetch.names import stem_of, stems_of, uid_name
from client.fetch.writing import FetchedFile, FetchedPart, write_part
from client.http_client import CoffreClient
from coffre.commands.fetch import fetch_command
from coffre.demonstration.files import data as demo_data
from content import series_metadata as series_format
from content.merged_series import merge_series
from keyvault.crypto.blob_sealer import Sealer
from keyvault.crypto.sealed_blob import BlobKind, BlobRef, new_data_key
from keyvault.crypto.signing import key_id, new_signing_key, sign
from keyvault.grants.grant import GrantBody, GrantedBlob, GrantedDocument, GrantedSeries, seal_grant
from records.errors import CoffreError
from records.people.identity import INS
from records.text.base64url import b64, unb64

URL = "https://coffre.example"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
RECORD, STUDY_DOCUMENT, REPORT = uuid4(), uuid4(), uuid4()
STUDY, SERIES = "2.25.1", "2.25.2"
SOPS = ("2.25.11", "2.25.12")
INS_ = INS.parse(demo_data.PATIENT_INS, demo_data.OID)
PRIVATE, PUBLIC = new_signing_key()

FILES = [bytes([n]) * 100 + bytes(range(256)) * (1500 + n) for n in range(2)]
PDF = demo_data.report_pdf()


def seal(kind: BlobKind, content: bytes) -> tuple[GrantedBlob, bytes]:
    dek = new_data_key()
    sealer = Sealer(BlobRef(uuid4(), 1, kind), dek)
    ciphertext = bytes(sealer.update(content)) + bytes(sealer.finish())
    return GrantedBlob(sealer.sealed, dek), ciphertext


def gzipped(document: dict[str, Any]) -> bytes:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(json.dumps(document).encode()) + packer.flush()


def instance(sop: str, blob: UUID, offset: int, content: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "sop": sop,
        "blob": str(blob),
        "offset": offset,
        "length": len(content),
        "sha256": b64(hashlib.sha256(content).digest()),
        "transfer_syntax": "1.2.840.10008.1.2.1",
        "frames": [[[100, 256]], [[356, 10], [400, 20]]],
        "dicom": {},
    } | changes


def series_document(*instances: dict[str, Any]) -> dict[str, Any]:
    return {"format": "coffre-series-v1", "study": STUDY, "series": SERIES, "instances": list(instances)}


class Double:
    """A record with a study of two instances and a report, served as the real server does."""

    def __init__(self, **changes: Any) -> None:
        pack, pack_bytes = seal(BlobKind.PACK, b"".join(FILES))
        self.pack = pack.sealed.ref.blob_id
        first = instance(SOPS[0], self.pack, 0, FILES[0]) | changes
        second = instance(SOPS[1], self.pack, len(FILES[0]), FILES[1])
        metadata, metadata_bytes = seal(BlobKind.SERIES_METADATA, gzipped(series_document(first, second)))
        report, report_bytes = seal(BlobKind.PACK, PDF)
        blobs = (pack, metadata, report)
        ciphertexts = (pack_bytes, metadata_bytes, report_bytes)
        self.blobs = {blob.sealed.ref.blob_id: blob for blob in blobs}
        self.objects = {blob.sealed.ref.blob_id: data for blob, data in zip(blobs, ciphertexts, strict=True)}
        self.study_body = GrantBody(
            (pack, metadata), (), (GrantedSeries(STUDY, SERIES, (metadata.sealed.ref.blob_id,)),)
        )
        digest = hashlib.sha256(PDF).digest()
        granted = GrantedDocument(REPORT, "application/pdf", report.sealed.ref.blob_id, 0, len(PDF), digest)
        self.report_body = GrantBody((report,), (granted,), ())
        self.requests: list[httpx.Request] = []
        self.refused: dict[str, httpx.Response] = {}
        self.signature = 1
        self.title = "Compte rendu"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        for pattern, answer in self.refused.items():
            if re.fullmatch(pattern, path):
                return answer
        if path.startswith("/objects/"):
            return self._object(request)
        routes: dict[str, Callable[[httpx.Request], Any]] = {
            "/audit/keys": lambda _: {"keys": [{"key_id": "x", "use": "grant", "public": b64(PUBLIC)}]},
            "/records/find": lambda _: {"record": str(RECORD), "state": "active"},
            f"/records/{RECORD}/documents": lambda _: {
                "documents": [
                    {
                        "id": str(STUDY_DOCUMENT),
                        "kind": "study",
                        "title": "Scanner thoracique",
                        "study_uid": STUDY,
                    }
                    | {"date": "2026-03-02", "instances": 2},
                    {"id": str(REPORT), "kind": "document", "title": self.title, "date": None},
                ]
            },
            "/grants": self._grant,
        }
        if path.endswith("/urls"):
            self.signature += 1
            return httpx.Response(200, json={"urls": self._urls()})
        return httpx.Response(200, json=routes[path](request))

    def _grant(self, request: httpx.Request) -> dict[str, Any]:
        asked = json.loads(request.content)
        body = self.report_body if asked["documents"] == [str(REPORT)] else self.study_body
        now = int(time.time())
        grant = seal_grant(
            suite=asked["suite"],
            grant_id=uuid4(),
            issued=now,
            expires=now + 900,
            record=RECORD,
            purpose=asked["purpose"],
            actor=bytes(32),
            recipient=unb64(asked["recipient"], 32),
            body=body,
            event=bytes(32),
            key_id=key_id(PUBLIC),
            sign=lambda message: sign(PRIVATE, message),
        )
        return grant | {"urls": self._urls()}

    def _urls(self) -> dict[str, str]:
        return {str(blob): f"/objects/{blob}/1?sig={self.signature}" for blob in self.objects}

    def _object(self, request: httpx.Request) -> httpx.Response:
        if request.url.params["sig"] != str(self.signature):
            return httpx.Response(403, json={"code": "url_expired", "detail": "Renew."})
        data = self.objects[UUID(request.url.path.split("/")[2])]
        start, last = map(int, request.headers["range"].removeprefix("bytes=").split("-"))
        headers = {"Content-Range": f"bytes {start}-{last}/{len(data)}"}
        return httpx.Response(206, headers=headers, content=data[start : last + 1])

    @property
    def ranges(self) -> list[tuple[str, str]]:
        return [
            (r.url.path.split("/")[2], r.headers["range"])
            for r in self.requests
            if r.url.path.startswith("/objects")
        ]


def client_of(double: Double, **more: Any) -> FetchClient:
    transport = httpx.MockTransport(double)
    server = CoffreClient(URL, TOKEN, transport=transport)
    objects = CoffreClient(URL, None, transport=transport)
    return FetchClient(server, objects, INS_, {key_id(PUBLIC): PUBLIC}, **more)


def opened_to(client: FetchClient, out: Path, **only: Any) -> list[FetchedFile]:
    return fetch(client, out, Manifest(out), **only).files


FOLDER = f"2026-03-02 Scanner thoracique [{str(STUDY_DOCUMENT)[:8]}]"
STEM = f"Compte rendu [{str(REPORT)[:8]}]"


def test_everything_that_may_be_seen_is_written_as_it_was_deposited(tmp_path: Path) -> None:
    written = opened_to(client_of(Double()), tmp_path)
    assert {str(file.path.relative_to(tmp_path)): file.path.read_bytes() for file in written} == {
        f"{FOLDER}/{SERIES}/{SOPS[0]}.dcm": FILES[0],
        f"{FOLDER}/{SERIES}/{SOPS[1]}.dcm": FILES[1],
        f"{STEM}.pdf": PDF,
    }
    assert list(tmp_path.rglob("*.part")) == []
    assert {file.path.stat().st_mode & 0o777 for file in written} == {0o600}


def test_a_study_or_a_document_is_asked_for_alone(tmp_path: Path) -> None:
    double = Double()
    assert len(opened_to(client_of(double), tmp_path, study=STUDY)) == 2
    assert len(opened_to(client_of(double), tmp_path, document=REPORT)) == 1
    bodies = [json.loads(r.content) for r in double.requests if r.url.path == "/grants"]
    assert [(body["studies"], body["documents"]) for body in bodies] == [
        ([], [str(STUDY_DOCUMENT)]),
        ([], [str(REPORT)]),
    ]
    assert {body["record"] for body in bodies} == {str(RECORD)}


def test_no_address_names_the_patient_and_no_store_gets_the_token(tmp_path: Path) -> None:
    double = Double()
    opened_to(client_of(double), tmp_path)
    assert all(INS_.matricule not in str(request.url) for request in double.requests)
    for request in double.requests:
        assert ("authorization" in request.headers) is not request.url.path.startswith("/objects")


@pytest.mark.parametrize("suite", [1, 2])
def test_a_frame_is_opened_from_its_own_segments(suite: int) -> None:
    double = Double()
    opened = client_of(double).grant(studies=[STUDY], suite=suite)
    first, second = opened.instances()
    before = len(double.ranges)
    assert opened.open_frame(second, 1) == FILES[1][100:356]
    assert opened.open_frame(second, 2) == FILES[1][356:366] + FILES[1][400:420]
    assert opened.open_frame(first, 1) == FILES[0][100:356]
    asked = double.ranges[before:]
    segment = (len(FILES[0]) + 100 + 40) // 65520  # one segment, not the object
    assert asked[0] == (str(double.pack), f"bytes={segment * 65536}-{(segment + 1) * 65536 - 1}")
    assert len(asked) == 3


@pytest.mark.parametrize("n", [0, 3, -1])
def test_a_frame_that_is_not_there_is_refused(n: int) -> None:
    opened = client_of(Double()).grant(studies=[STUDY])
    with pytest.raises(CoffreError) as refused:
        opened.open_frame(opened.instances()[0], n)
    assert refused.value.code == "no_such_frame"


def test_an_instance_without_addressed_frames_is_opened_whole_only() -> None:
    opened = client_of(Double(frames=None)).grant(studies=[STUDY])
    found = opened.instances()[0]
    assert opened.open_instance(found) == FILES[0]
    with pytest.raises(CoffreError) as refused:
        opened.open_frame(found, 1)
    assert refused.value.code == "no_such_frame"


def test_long_content_is_read_in_ranges_that_overlap_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.fetch.opened_grant.CHUNK_SEGMENTS", 2)
    double = Double()
    opened = client_of(double).grant(studies=[STUDY])
    total = len(FILES[0]) + len(FILES[1])
    assert b"".join(opened.stream(double.pack, 0, total)) == b"".join(FILES)
    borders = [re.findall(r"\d+", asked) for _, asked in double.ranges]
    assert [int(start) for start, _ in borders[1:]] == [int(last) + 1 for _, last in borders[:-1]]
    assert opened.fetched == len(double.objects[double.pack]) - 40  # all but the header, once


def test_an_address_that_ended_is_renewed_once_and_the_reading_goes_on() -> None:
    double = Double()
    opened = client_of(double).grant(documents=[REPORT])
    double.signature = 7
    assert opened.open_document(opened.body.documents[0]) == PDF
    renewed = [r.url.path for r in double.requests if r.url.path.endswith("/urls")]
    assert renewed == [f"/grants/{opened.grant_id}/urls"]


def test_a_withdrawn_right_ends_the_reading_with_the_servers_sentence() -> None:
    double = Double()
    opened = client_of(double).grant(documents=[REPORT])
    double.refused["/objects/.*"] = httpx.Response(403, json={"code": "not_authorised"})
    double.refused["/grants/.*"] = httpx.Response(403, json={"code": "not_authorised", "detail": "No right."})
    with pytest.raises(CoffreError) as refused:
        opened.open_document(opened.body.documents[0])
    assert (refused.value.code, refused.value.sentence) == ("not_authorised", "No right.")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=PDF),
        httpx.Response(206, headers={"Content-Range": "bytes 40-41/50"}, content=b"12"),
        httpx.Response(206, headers={"Content-Range": f"bytes 40-{len(PDF) + 55}/*"}, content=b"short"),
        httpx.Response(
            206, headers={"Content-Range": f"bytes 40-{len(PDF) + 55}/*"}, content=PDF + bytes(99)
        ),
        httpx.Response(206, content=PDF),
    ],
    ids=["whole", "other range", "short", "long", "without range"],
)
def test_a_store_that_answers_another_range_is_not_accepted(answer: httpx.Response) -> None:
    double = Double()
    double.refused["/objects/.*"] = answer
    opened = client_of(double).grant(documents=[REPORT])
    with pytest.raises(CoffreError) as refused:
        opened.open_document(opened.body.documents[0])
    assert refused.value.code == "short_range"


@pytest.mark.requirement("R35")
def test_altered_ciphertext_is_not_opened(tmp_path: Path) -> None:
    double = Double()
    blob = double.report_body.blobs[0].sealed.ref.blob_id
    data = bytearray(double.objects[blob])
    data[1000] ^= 1
    double.objects[blob] = bytes(data)
    with pytest.raises(CoffreError) as refused:
        opened_to(client_of(double), tmp_path, document=REPORT)
    assert refused.value.code == "blob_corrupt"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("R35")
def test_a_part_that_is_not_what_was_deposited_is_not_left_on_disk(tmp_path: Path) -> None:
    double = Double(sha256=b64(bytes(32)))
    with pytest.raises(CoffreError) as refused:
        opened_to(client_of(double), tmp_path, study=STUDY)
    assert refused.value.code == "digest_mismatch"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_grant_signed_by_another_key_is_not_accepted() -> None:
    client = client_of(Double())
    client._pinned = {key_id(bytes(32)): bytes(32)}
    with pytest.raises(CoffreError) as refused:
        client.grant(studies=[STUDY])
    assert refused.value.code == "grant_unsigned"


def test_an_emergency_says_its_purpose_and_reason_on_every_call(tmp_path: Path) -> None:
    double = Double()
    opened_to(client_of(double, purpose="bris_de_glace", reason="Inconscient à l'arrivée"), tmp_path)
    calls = {r.url.path: r for r in double.requests}
    for path in ("/records/find", f"/records/{RECORD}/documents"):
        assert calls[path].headers["coffre-purpose"] == "bris_de_glace"
        assert calls[path].headers["coffre-reason"] == "Inconscient%20%C3%A0%20l%27arriv%C3%A9e"
    body = json.loads(calls["/grants"].content)
    assert (body["purpose"], body["reason"]) == ("bris_de_glace", "Inconscient à l'arrivée")


class InPages(Double):
    """A list in pages: what each cursor leads to."""

    def __init__(self, pages: Callable[[str | None], dict[str, Any]]) -> None:
        super().__init__()
        self.pages = pages

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/records/{RECORD}/documents":
            return httpx.Response(200, json=self.pages(request.url.params.get("after")))
        return super().__call__(request)


def test_a_list_is_followed_to_its_last_page() -> None:
    pages = {
        None: {"documents": [{"id": "1"}, {"id": "2"}], "next": "a&b"},
        "a&b": {"documents": [], "next": "c"},  # what was on it isn't published yet
        "c": {"documents": [{"id": "3"}], "next": None},
    }
    assert [one["id"] for one in client_of(InPages(pages.__getitem__)).list()] == ["1", "2", "3"]


@pytest.mark.parametrize("following", [7, ["x"], "always the same"])
def test_pages_without_an_end_or_a_cursor_are_no_answer_of_coffre(
    following: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("client.fetch.documents.MOST_PAGES", 5)
    with pytest.raises(CoffreError) as refused:
        client_of(InPages(lambda _: {"documents": [], "next": following})).list()
    assert refused.value.code == "bad_answer"


@pytest.mark.parametrize("uid", ["..", ".", "a/../../b", "a\0b"])
def test_an_odd_uid_leads_nowhere_but_below_the_folder(tmp_path: Path, uid: str) -> None:
    written = opened_to(client_of(Double(sop=uid)), tmp_path / "out", study=STUDY)
    for file in written:
        assert file.path.resolve().is_relative_to((tmp_path / "out" / FOLDER / SERIES).resolve())
        assert len(file.path.resolve().relative_to(tmp_path / "out").parts) == 3


@pytest.mark.parametrize("uid", ["..", ".", "a/b", "a\0b", "/"])
def test_a_uid_names_one_folder_and_no_other_place(uid: str) -> None:
    name = uid_name(uid)
    assert name not in {".", ".."}
    assert not {"/", "\0"} & set(name)
    assert unquote(name) == uid


def test_what_an_earlier_run_wrote_is_not_fetched_again(tmp_path: Path) -> None:
    double = Double()
    first = opened_to(client_of(double), tmp_path)
    images = [file.path for file in first if file.path.suffix == ".dcm"]
    images[0].write_bytes(b"altered since")
    double.requests.clear()
    again = opened_to(client_of(double), tmp_path)
    assert {file.path: file.sha256 for file in again} == {file.path: file.sha256 for file in first}
    assert images[0].read_bytes() in FILES
    # the series' metadata and the altered image, but not its neighbour and not the report
    assert {blob for blob, _ in double.ranges} == {
        str(double.pack),
        str(double.study_body.series[0].blobs[0]),
    }
    assert sum(blob == str(double.pack) for blob, _ in double.ranges) == 1


def test_a_file_that_cannot_be_finished_leaves_the_older_one_alone(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"older")
    part = FetchedPart(Path("a.pdf"), uuid4(), 0, 3, hashlib.sha256(b"new").digest())
    with pytest.raises(CoffreError):
        write_part(tmp_path, part, [b"wrong"])
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.pdf", b"older")]
    write_part(tmp_path, part, [b"ne", b"w"])
    assert (tmp_path / "a.pdf").read_bytes() == b"new"


def test_the_latest_submission_of_a_series_wins_for_an_equal_instance() -> None:
    blob = uuid4()
    older = gzipped(series_document(instance("1.1", blob, 0, FILES[0]), instance("1.2", blob, 0, FILES[0])))
    newer = gzipped(series_document(instance("1.1", blob, 7, FILES[1])))
    merged = merge_series(STUDY, SERIES, [older, newer])
    assert {one.sop: one.offset for one in merged} == {"1.2": 0, "1.1": 7}


def test_metadata_that_inflates_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_format, "LARGEST", 1000)
    with pytest.raises(CoffreError) as refused:
        merge_series(STUDY, SERIES, [gzipped(series_document() | {"x": "0" * 2000})])
    assert refused.value.code == "series_too_large"


@pytest.mark.parametrize(
    "document",
    [
        b"not gzip",
        gzipped(series_document())[:-3],
        gzipped(series_document()) + b"more",
        gzipped(series_document() | {"study": "2.25.9"}),
        gzipped(series_document() | {"format": "coffre-series-v2"}),
        gzipped(series_document() | {"instances": [{}]}),
        gzipped(series_document(instance("1", uuid4(), -1, b""))),
        gzipped(series_document(instance("1", uuid4(), 0, b"12", frames=[[[1, 2]]]))),
        gzipped(series_document(instance("1", uuid4(), 0, b"12") | {"blob": "no uuid"})),
        gzipped(series_document(instance("", uuid4(), 0, b"12"))),
    ],
)
def test_damaged_metadata_is_named_as_such(document: bytes) -> None:
    with pytest.raises(CoffreError) as refused:
        merge_series(STUDY, SERIES, [document])
    assert refused.value.code == "series_damaged"


def server_with(*keys: tuple[str, bytes]) -> CoffreClient:
    shown = [{"key_id": "ignored", "use": use, "public": b64(public)} for use, public in keys]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"keys": shown}))
    return CoffreClient(URL, TOKEN, transport=transport)


OTHER = new_signing_key()[1]


def test_without_a_pin_the_servers_own_word_is_taken_and_said() -> None:
    keys, note = trusted_keys(server_with(("grant", PUBLIC), ("checkpoint", OTHER)))
    assert (keys, note) == ({key_id(PUBLIC): PUBLIC}, NOTE_UNPINNED)


@pytest.mark.parametrize("pin", [key_id(PUBLIC), b64(PUBLIC)], ids=["key id", "public key"])
def test_a_pin_admits_one_key_alone(pin: str) -> None:
    assert trusted_keys(server_with(("grant", PUBLIC), ("grant", OTHER)), [pin]) == (
        {key_id(PUBLIC): PUBLIC},
        "",
    )
    with pytest.raises(CoffreError) as refused:
        trusted_keys(server_with(("grant", OTHER), ("checkpoint", PUBLIC)), [pin])
    assert refused.value.code == "key_not_pinned"


def test_keys_of_the_first_visit_are_kept_and_others_refused(tmp_path: Path) -> None:
    known = tmp_path / "kept" / "keys.json"
    assert trusted_keys(server_with(("grant", PUBLIC)), known=known) == (
        {key_id(PUBLIC): PUBLIC},
        NOTE_REMEMBERED,
    )
    assert trusted_keys(server_with(("grant", PUBLIC), ("grant", OTHER)), known=known)[0] == {
        key_id(PUBLIC): PUBLIC
    }
    with pytest.raises(CoffreError) as refused:
        trusted_keys(server_with(("grant", OTHER)), known=known)
    assert refused.value.code == "key_not_pinned"
    known.write_text("[]")
    with pytest.raises(CoffreError) as refused:
        trusted_keys(server_with(("grant", PUBLIC)), known=known)
    assert refused.value.code == "bad_known_keys"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Double, Callable[..., Any]]:
    double = Double()
    real = httpx.Client

    def doubled(**kwargs: object) -> httpx.Client:
        return real(**kwargs | {"transport": httpx.MockTransport(double)})  # type: ignore[arg-type]

    monkeypatch.setattr(httpx, "Client", doubled)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    app = typer.Typer()
    app.command("fetch")(fetch_command)
    fixed = ["--record", INS_.matricule, "--from", URL, "--token-file", str(token), "--out", str(tmp_path)]
    return double, lambda *more: CliRunner().invoke(app, [*fixed, *more])


def test_the_command_prints_what_it_wrote(command: tuple[Double, Callable[..., Any]], tmp_path: Path) -> None:
    _, run = command
    result = run("--json", "--document", str(REPORT))
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    sha256 = hashlib.sha256(PDF).hexdigest()
    assert printed["files"] == [{"path": str(tmp_path / f"{STEM}.pdf"), "bytes": len(PDF), "sha256": sha256}]
    assert (printed["seen"], printed["fetched"]) == (2, 1)
    assert printed["manifest"] == str(tmp_path / "manifest.json")
    assert NOTE_UNPINNED in result.stderr
    assert TOKEN not in result.output


def test_the_command_ends_with_what_was_there_and_what_was_fetched(
    command: tuple[Double, Callable[..., Any]], tmp_path: Path
) -> None:
    _, run = command
    result = run("--document", str(REPORT), "--pin", key_id(PUBLIC))
    assert result.stdout == f"{tmp_path / STEM}.pdf\n"
    assert result.stderr.startswith(
        "There: 1 studies with 2 images, 1 other documents that you may see. Fetched: 1 of them, 1 files, "
    )


def test_the_manifest_says_which_file_is_what_and_keeps_what_earlier_runs_brought(tmp_path: Path) -> None:
    opened_to(client_of(Double()), tmp_path, document=REPORT)
    opened_to(client_of(Double()), tmp_path, study=STUDY)
    path = tmp_path / "manifest.json"
    found = json.loads(path.read_text("utf-8"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert (found["format"], found["record"]) == ("coffre-fetch-manifest-v1", str(RECORD))
    study, report = found["documents"]
    assert (study["id"], study["title"], study["study_uid"]) == (
        *(str(STUDY_DOCUMENT), "Scanner thoracique", STUDY),
    )
    assert [(tmp_path / file["path"]).read_bytes() for file in study["files"]] == FILES
    assert [file["sha256"] for file in report["files"]] == [hashlib.sha256(PDF).hexdigest()]


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"not json", b"\xff", b'{"format": "coffre-fetch-manifest-v1"}']
)
def test_a_manifest_that_is_somebody_elses_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(CoffreError) as refused:
        opened_to(client_of(Double()), tmp_path)
    assert refused.value.code == "out_in_use"
    assert (tmp_path / "manifest.json").read_bytes() == content


def test_two_records_do_not_mix_in_one_folder(tmp_path: Path) -> None:
    opened_to(client_of(Double()), tmp_path, document=REPORT)
    other = Manifest(tmp_path)
    with pytest.raises(CoffreError) as refused:
        other.begin(str(uuid4()), [])
    assert refused.value.code == "out_in_use"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Compte rendu d’hospitalisation", "Compte rendu d’hospitalisation"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows\\x", "C--Windows-x"),
        ("CON", "_CON"),
        ("nul ", "_nul"),
        ("com1 à lire", "_com1 à lire"),
        ("-rf *", "rf"),
        (".bashrc", "bashrc"),
        ("a\u202egpj.exe", "a gpj-exe"),
        ("tab\tline\nnull\0", "tab line null"),
        ("e\u0301tude", "étude"),
        ("é" * 200, "é" * 60),
        ("???", "document"),
        ("", "document"),
        (None, "document"),
    ],
)
def test_a_file_is_named_by_its_title_whatever_that_holds(title: str | None, name: str) -> None:
    listed = {"id": "0f8c1a2b-0000-4000-8000-000000000000", "kind": "document", "title": title}
    assert stem_of(listed) == f"{name} [0f8c1a2b]"
    assert stem_of({**listed, "date": "2026-11-20T10:00:00Z"}) == f"2026-11-20 {name} [0f8c1a2b]"
    assert stem_of({**listed, "date": "20261120"}) == f"2026-11-20 {name} [0f8c1a2b]"


@given(title=text(), kind=text(), date=text(), id=text())
def test_no_title_leads_out_of_the_folder_or_names_nothing(**listed: str) -> None:
    stem = stem_of(listed)
    assert not {*'/\\:*?"<>|.', *map(chr, range(32)), "\x7f"} & {*stem}
    assert 0 < len(f"{stem}.pdf".encode()) < 255
    assert stem[0] not in " -~" and stem[-1] == "]"


def test_documents_of_one_title_and_day_are_files_of_their_own_although_they_came_together() -> None:
    """Ids begin with the time of deposit: the first eight digits last a minute."""
    ids = [f"01a223c4-d395-7136-b91e-{number:012x}" for number in range(2)]
    listed = [{"id": each, "title": "Compte rendu", "date": "2026-11-20"} for each in (*ids, str(uuid4()))]
    listed[1]["title"] = "COMPTE RENDU"
    stems = stems_of(listed)
    assert len({stem.casefold() for stem in stems.values()}) == 3
    assert stems[ids[0]] == f"2026-11-20 Compte rendu [{ids[0]}]"


def test_studies_of_one_uid_out_of_two_structures_are_named_by_these() -> None:
    listed = [
        {"id": str(uuid4()), "title": "Scanner", "study_uid": STUDY, "structure": structure}
        for structure in ("1750000001", "1750000003")
    ]
    for one, stem in zip(listed, stems_of(listed).values(), strict=True):
        assert stem == f"Scanner ({one['structure']}) [{one['id'][:8]}]"


def test_the_command_ends_with_1_and_the_servers_sentence_if_refused(
    command: tuple[Double, Callable[..., Any]],
) -> None:
    double, run = command
    double.refused["/records/find"] = httpx.Response(
        403, json={"code": "not_authorised", "detail": "You have no access."}
    )
    result = run("--pin", key_id(PUBLIC))
    assert (result.exit_code, result.stderr) == (1, "not_authorised: You have no access.\n")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--document", "no id"], "bad_request"),
        (["--document", str(REPORT), "--study", STUDY], "bad_request"),
        (["--purpose", "curiosity"], "bad_purpose"),
        (["--record", "1"], "bad_ins"),
    ],
)
def test_misuse_ends_with_2(command: tuple[Double, Callable[..., Any]], more: list[str], code: str) -> None:
    double, run = command
    result = run(*more)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{code}: ")
    assert double.requests == []
