"""Makes the small data directory that later versions must still open, with the version it is named after.

    python -m tests.vectors.make_data_directory tests/vectors/data-0.1.0.tar.xz

It is made once a version, by that version, and never again: it holds what somebody has who installed that
version. Persons are invented, the passphrase is one of tests. Beside `data/` lie a backup taken while the
server ran, the audit officer's key, and `facts.json`: what a later version must find.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pydicom

from coffre.demonstration.files import data as demo
from tests.other_person import OTHER_INS
from tests.services.processes import free_port

PASSPHRASE = "a passphrase of tests, for a data directory of tests"
STRUCTURE, OTHER_STRUCTURE = "1750000001", "1750000002"
DOCTOR, BLOCKED = "899700024450", "899700024468"
REASON = "Patiente inconsciente, antécédents inconnus"


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = _live(folder)
        (folder / "facts.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=True))
        with tarfile.open(target, "w:xz") as archive:
            for one in ("data", "backup", "data-officer.key", "facts.json"):
                archive.add(folder / one, arcname=one)


def _live(folder: Path) -> dict[str, Any]:
    """A morning: two records, a study, two reports, a mask, choices, an emergency, a quarantine."""
    data = folder / "data"
    coffre("init", "--data", data)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    for ins, person in ((demo.PATIENT_INS, demo.PATIENT), (OTHER_INS, demo.OTHER_PATIENT)):
        names = ("--family-name", person.family_name, "--given-name", person.given_name)
        coffre(
            "record",
            "open",
            ins,
            *names,
            "--birth-date",
            person.birth_date,
            "--sex",
            person.sex,
            "--consent",
            "spoken",
            "--data",
            data,
        )
    serving = [sys.executable, "-m", "coffre.cli", "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(serving, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("ready")
        try:
            return _use(folder, data, url)
        finally:
            server.terminate()
            assert server.wait(60) == 0


def _use(folder: Path, data: Path, url: str) -> dict[str, Any]:
    laboratory = identity(folder, "depositor", "--structure", STRUCTURE, "--data", data)
    files = folder / "files"
    files.mkdir()
    for name, content in demo.ct_study(demo.PATIENT_INS, demo.OID, slices=3, size=32):
        (files / name).write_bytes(content)
    (files / "compte-rendu.pdf").write_bytes(demo.report_pdf())
    token = folder / "laboratory.token"
    token.write_text(laboratory)
    coffre(
        "send",
        files,
        "--record",
        demo.PATIENT_INS,
        "--to",
        url,
        "--token-file",
        token,
        "--journal",
        folder / "j1",
    )
    other = folder / "other.pdf"
    other.write_bytes(demo.report_pdf(OTHER_INS, traits=demo.OTHER_PATIENT, accession="RX26-004218"))
    coffre(
        "send",
        other,
        "--record",
        OTHER_INS,
        "--to",
        url,
        "--token-file",
        token,
        "--journal",
        folder / "j2",
    )
    _quarantined(url, laboratory)
    patient = identity(folder, "patient", "--ins", demo.PATIENT_INS, "--data", data)
    documents = _choices(url, patient)
    professional = ("--profession", "10", "--structure", OTHER_STRUCTURE, "--data", data)
    doctor = identity(folder, "professional", "--rpps", DOCTOR, *professional)
    _ask(url, doctor, "GET", f"/records/{demo.PATIENT_INS}/documents")
    emergency = {"Coffre-Purpose": "bris_de_glace", "Coffre-Reason": quote(REASON)}
    _ask(
        url,
        identity(folder, "professional", "--rpps", "899700024476", *professional),
        "GET",
        f"/records/{demo.PATIENT_INS}/documents",
        headers=emergency,
    )
    time.sleep(3)  # the sequencer's turn
    coffre("backup", "--to", folder / "backup", "--objects", "--data", data)
    # After the backup one choice more: a restored vault must be told of it, or of the gap.
    _ask(
        url,
        patient,
        "POST",
        f"/records/{demo.PATIENT_INS}/authorisations",
        json={"professional": "899700024484"},
    )
    log = _ask(url, patient, "GET", f"/records/{demo.PATIENT_INS}/access-log")["events"]
    time.sleep(3)
    size = httpx.get(f"{url}/audit/checkpoint").text.splitlines()[1]
    return {
        "version": "0.1.0",
        "passphrase": PASSPHRASE,
        "patient": demo.PATIENT_INS,
        "other": OTHER_INS,
        "structure": STRUCTURE,
        "doctor": DOCTOR,
        "blocked": BLOCKED,
        "documents": documents,
        "digests": sorted(hashlib.sha256(one.read_bytes()).hexdigest() for one in files.iterdir()),
        "other_digest": hashlib.sha256(other.read_bytes()).hexdigest(),
        "events": len(log),
        "tree_size": int(size),
    }


def _quarantined(url: str, token: str) -> None:
    """An image that names no record and comes without one in its address: set aside as `no_ins`."""
    ((_, content),) = demo.ct_study("", demo.OID, slices=1, size=32, seed=7)
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.PatientID = "LOCAL-17"
    for keyword in ("IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence"):
        if keyword in dataset:
            delattr(dataset, keyword)
    out = io.BytesIO()
    dataset.save_as(out)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + out.getvalue() + b"\r\n--b--\r\n"
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": 'multipart/related; type="application/dicom"; boundary=b',
    }
    answer = httpx.post(f"{url}/dicomweb/studies", content=body, headers=headers, timeout=90)
    outcome = httpx.get(f"{url}{answer.headers['content-location']}", headers=headers).json()
    assert [part["outcome"] for part in outcome["parts"]] == ["quarantined"], outcome


def _choices(url: str, patient: str) -> list[dict[str, Any]]:
    base = f"/records/{demo.PATIENT_INS}"
    listed = _ask(url, patient, "GET", f"{base}/documents")["documents"]
    report = next(one for one in listed if one["kind"] == "document")
    _ask(url, patient, "POST", f"{base}/authorisations", json={"professional": DOCTOR})
    _ask(url, patient, "PUT", f"{base}/documents/{report['id']}/labels", json=["MASQUE_PS"])
    _ask(url, patient, "PUT", f"{base}/emergency", json={"bris_de_glace": True, "centre_15": False})
    _ask(url, patient, "POST", f"{base}/blocks", json={"professional": BLOCKED})
    return _ask(url, patient, "GET", f"{base}/documents")["documents"]


def _ask(
    url: str, token: str, method: str, path: str, *, headers: dict[str, str] | None = None, json: Any = None
) -> Any:
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    answer = httpx.request(method, url + path, headers=sent, json=json, timeout=60)
    assert answer.status_code < 300, (method, answer.status_code, answer.text)
    return answer.json() if answer.content else None


def identity(folder: Path, *arguments: object) -> str:
    made = json.loads(coffre("identity", "issue", *arguments, "--out", folder / "identities", "--json"))
    return str(made["token"])


def coffre(*arguments: object) -> str:
    command = [sys.executable, "-m", "coffre.cli", *map(str, arguments)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments[:2], done.stdout, done.stderr)
    return done.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "COFFRE_VAULT_PASSPHRASE": PASSPHRASE}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
