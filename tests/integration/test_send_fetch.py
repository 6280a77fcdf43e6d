"""`coffre send` and `coffre fetch` against the real server: what goes in comes out, and nothing else does."""

import hashlib
import json
import secrets
import socket
import tracemalloc
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typer
from pydicom import dcmread
from pydicom.encaps import generate_frames
from typer.testing import CliRunner, Result

from client.fetch.documents import FetchClient
from client.fetch.keys import trusted_keys
from client.fetch.ranges import LEAST_MEMORY, MIB, Pace
from client.fetch.writing import parts_of, write_part
from client.http_client import CoffreClient
from client.send.deposits import SendClient
from client.send.finding import candidates
from coffre.commands.fetch import fetch_command
from coffre.commands.send import send_command
from coffre.demonstration.files import data as demo_data
from coffre.plaintext_search.search import prove_and_search
from keyvault.crypto.sealed_blob import SEGMENT
from records.errors import CoffreError
from records.people.identity import INS
from tests.integration.support import Coffre, Patient, new_ins

COMMANDS = typer.Typer()
COMMANDS.command("send")(send_command)
COMMANDS.command("fetch")(fetch_command)


def run(*arguments: object, status: int = 0) -> Result:
    done = CliRunner().invoke(COMMANDS, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done


@dataclass
class Desk:
    """The commands as the people around one record use them."""

    coffre: Coffre
    patient: Patient
    folder: Path
    last: Result = field(init=False)

    def token(self, token: str) -> Path:
        path = self.folder / f"token-{secrets.token_hex(4)}"
        path.write_text(token)
        return path

    def send(self, *paths: Path, ins: str = "", status: int = 0) -> dict[str, Any]:
        token = self.token(self.coffre.depositor())
        to = ("--record", ins or self.patient.ins, "--to", self.coffre.url, "--token-file", token)
        done: dict[str, Any] = json.loads(run("send", *paths, *to, "--json", status=status).stdout)
        return done

    def fetch(self, out: Path, *more: str, token: str = "", ins: str = "", status: int = 0) -> list[Path]:
        self.last = run(
            *("fetch", "--record", ins or self.patient.ins, "--from", self.coffre.url, "--out", out),
            *("--token-file", self.token(token or self.patient.token), *more),
            status=status,
        )
        files = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
        return [path for path in files if path.name != "manifest.json"]

    def client(self) -> FetchClient:
        server = CoffreClient(self.coffre.url, self.patient.token)
        keys, _ = trusted_keys(server)
        ins = INS.parse(self.patient.ins, demo_data.OID)
        return FetchClient(server, CoffreClient(self.coffre.url, None), ins, keys)


@pytest.fixture
def desk(coffre: Coffre, patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tokens").mkdir()
    return Desk(coffre, patient, tmp_path / "tokens")


@pytest.fixture
def files(patient: Patient) -> dict[str, bytes]:
    """A CT of ten slices, the ultrasound and a report of this patient, by name."""
    ct = dict(demo_data.ct_study(patient.ins, demo_data.OID, slices=10, size=256))
    name, ultrasound = demo_data.ultrasound(patient.ins, demo_data.OID)
    return ct | {name: ultrasound, "report.pdf": demo_data.report_pdf(patient.ins)}


@pytest.fixture
def laboratory(tmp_path: Path, files: dict[str, bytes]) -> Path:
    path = tmp_path / "laboratory"
    (path / "ct").mkdir(parents=True)
    for name, data in files.items():
        (path / ("ct" if name.startswith("ct") else "") / name).write_bytes(data)
    return path


@pytest.fixture
def sent(desk: Desk, laboratory: Path) -> dict[str, str]:
    """Document ids by file name, everything published."""
    done = desk.send(laboratory)
    assert done["summary"] == {"published": 12}
    return {Path(one["path"]).name: one["document"] for one in done["files"]}


def digests(contents: list[bytes]) -> list[str]:
    return sorted(hashlib.sha256(content).hexdigest() for content in contents)


def study_of(desk: Desk, document: str) -> str:
    found: str = next(one["study_uid"] for one in desk.patient.documents() if one["id"] == document)
    return found


def test_a_folder_is_published_and_known_the_second_time(
    desk: Desk, laboratory: Path, sent: dict[str, str]
) -> None:
    again = desk.send(laboratory)
    assert again["summary"] == {"duplicate": 12}
    assert {Path(one["path"]).name: one["document"] for one in again["files"]} == sent


def test_a_study_larger_than_the_memory_allowed_is_fetched_within_it_and_no_byte_twice(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices = desk.patient.ct(slices=80, size=512)
    answer = desk.coffre.stow(desk.coffre.depositor(), slices, desk.patient.ins)
    assert answer.status_code == 200, answer.text
    grant = desk.client().grant()
    parts = list(parts_of(grant, "study"))
    described, size = grant.fetched, sum(map(len, slices))
    connected, connect = [], socket.create_connection
    monkeypatch.setattr(
        socket, "create_connection", lambda *to, **how: connected.append(to) or connect(*to, **how)
    )
    tracemalloc.start()
    found = [
        write_part(tmp_path, parts[number], pieces).sha256
        for number, pieces in grant.read_parts(parts, Pace.within(LEAST_MEMORY))
    ]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sorted(found) == digests(slices)
    assert size > 4 * LEAST_MEMORY
    assert peak < LEAST_MEMORY + 2 * MIB
    assert connected == []  # the connection that read the description reads every range
    assert size < grant.fetched - described < 1.001 * size + SEGMENT


def test_slices_of_one_study_are_one_document(sent: dict[str, str]) -> None:
    assert len({document for name, document in sent.items() if name.startswith("ct")}) == 1
    assert len(set(sent.values())) == 3


def test_refused_files_have_their_reason_and_leave_the_others_published(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    contents = {
        "good.dcm": desk.patient.ct(slices=1)[0],
        "cut.dcm": demo_data.truncated_dicom(desk.patient.ins),
        "active.pdf": demo_data.javascript_pdf(),
        "notes.txt": b"a text",
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    found = desk.send(folder, status=1)
    assert {Path(one["path"]).name: (one["outcome"], one.get("code")) for one in found["files"]} == {
        "good.dcm": ("published", "published"),
        "cut.dcm": ("rejected", "truncated"),
        "active.pdf": ("rejected", "pdf_javascript"),
        "notes.txt": ("skipped", "not_taken"),
    }


def test_another_patients_images_are_set_aside(desk: Desk, laboratory: Path) -> None:
    other = desk.coffre.open_record()
    found = desk.send(laboratory / "ct" / "ct-0001.dcm", ins=other.ins, status=1)
    assert [(one["outcome"], one["code"]) for one in found["files"]] == [("quarantined", "other_patient")]


def test_a_forged_token_is_told_even_while_a_large_body_is_on_its_way(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(128) + b"DICM" + bytes(32 << 20))
    forged = desk.patient.token[:-8] + "AAAAAAAA"
    client = SendClient(CoffreClient(desk.coffre.url, forged), INS.parse(desk.patient.ins, demo_data.OID))
    with pytest.raises(CoffreError) as refused:
        client.send_dicom(candidates([path]))
    assert refused.value.code == "token_invalid"


@pytest.mark.usefixtures("sent")
def test_the_patient_fetches_exactly_what_was_deposited(
    desk: Desk, files: dict[str, bytes], tmp_path: Path
) -> None:
    written = desk.fetch(tmp_path / "out")
    assert digests([path.read_bytes() for path in written]) == digests(list(files.values()))


def test_one_study_or_one_document_is_fetched_alone(
    desk: Desk, files: dict[str, bytes], sent: dict[str, str], tmp_path: Path
) -> None:
    (report,) = desk.fetch(tmp_path / "report", "--document", sent["report.pdf"])
    assert report.name.endswith(f" [{sent['report.pdf'][:8]}].pdf")
    assert report.read_bytes() == files["report.pdf"]
    slices = desk.fetch(tmp_path / "study", "--study", study_of(desk, sent["ct-0001.dcm"]))
    ct = [data for name, data in files.items() if name.startswith("ct")]
    assert digests([path.read_bytes() for path in slices]) == digests(ct)


@pytest.mark.parametrize("suite", [1, 2])
def test_a_frame_is_read_by_ranges_without_the_rest(desk: Desk, sent: dict[str, str], suite: int) -> None:
    study = study_of(desk, sent["echographie.dcm"])
    opened = desk.client().grant(studies=[study], suite=suite)
    (instance,) = opened.instances()
    before = opened.fetched
    frame = opened.open_frame(instance, 17)
    assert opened.fetched - before <= 2 * 65536
    whole = opened.open_instance(instance)
    frames = list(generate_frames(dcmread(BytesIO(whole)).PixelData, number_of_frames=30))
    assert frame == frames[16]


def test_a_doctor_fetches_what_the_patient_allows_and_no_more(
    desk: Desk, sent: dict[str, str], tmp_path: Path
) -> None:
    doctor = desk.coffre.professional()
    assert desk.fetch(tmp_path / "out", token=doctor, status=1) == []
    assert desk.last.stderr.splitlines()[-1].startswith("not_authorised: ")
    desk.patient.authorise()
    assert len(desk.fetch(tmp_path / "authorised", token=doctor)) == 12
    images = sent["ct-0001.dcm"]
    assert desk.patient.call("PUT", f"/documents/{images}/labels", json=["MASQUE_PS"]).status_code == 200
    assert len(desk.fetch(tmp_path / "masked", token=doctor)) == 2
    assert desk.fetch(tmp_path / "hidden", "--document", images, token=doctor, status=1) == []
    assert desk.last.stderr.splitlines()[-1].startswith("no_such_document: ")


def test_an_emergency_doctor_gives_a_reason_and_an_opposed_mode_stays_closed(
    desk: Desk, sent: dict[str, str], tmp_path: Path
) -> None:
    doctor = desk.coffre.professional("899700099990")
    broken = ("--purpose", "bris_de_glace")
    assert desk.fetch(tmp_path / "out", *broken, token=doctor, status=1) == []
    assert desk.last.stderr.splitlines()[-1].startswith("reason_missing: ")
    reason = ("--reason", "Inconscient à l'arrivée, antécédents inconnus")
    assert len(desk.fetch(tmp_path / "opened", *broken, *reason, token=doctor)) == len(sent)
    opposed = {"bris_de_glace": False, "centre_15": True}
    assert desk.patient.call("PUT", "/emergency", json=opposed).status_code == 200
    assert desk.fetch(tmp_path / "opposed", *broken, *reason, token=doctor, status=1) == []
    assert desk.last.stderr.splitlines()[-1].startswith("not_authorised: ")


def test_a_record_that_is_not_there_is_refused_like_one_that_may_not_be_read(
    desk: Desk, tmp_path: Path
) -> None:
    doctor = desk.coffre.professional()
    desk.fetch(tmp_path / "out", token=doctor, ins=new_ins(), status=1)
    absent = desk.last.stderr
    desk.fetch(tmp_path / "out", token=doctor, status=1)
    assert desk.last.stderr == absent


@pytest.mark.requirement("R47")
def test_the_data_directory_holds_nothing_of_it_in_clear(
    desk: Desk, files: dict[str, bytes], sent: dict[str, str]
) -> None:
    hidden: dict[str, str | bytes] = {
        "family name": demo_data.PATIENT.family_name,
        "given name": demo_data.PATIENT.given_name,
        "ins": desk.patient.ins,
        "accession": demo_data.ACCESSION,
        "token": desk.patient.token,
        "ct": study_of(desk, sent["ct-0001.dcm"]),
        "ultrasound": study_of(desk, sent["echographie.dcm"]),
    }
    report = prove_and_search(desk.coffre.data, hidden, files.items())
    assert report.found == ()
    assert report.bytes > sum(len(data) for data in files.values())
