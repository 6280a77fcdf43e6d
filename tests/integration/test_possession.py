"""Tokens bound to a key against the real server: useless without the key, and good for what was signed."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import typer
from typer.testing import CliRunner

from client.http_client import CoffreClient
from client.options import read_token
from client.possession import read_key
from coffre.cli import app
from coffre.commands.fetch import fetch_command
from coffre.commands.send import send_command
from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.installation.page_key import page_thumbprint
from coffre.installation.places import read_secret
from coffre.settings import load
from coffre.wiring import System
from keyvault.credentials.authority import Authority
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.signing import new_signing_key
from keyvault.grants.grant import new_recipient
from keyvault.process.client import connect
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.rows import sealed_rows
from records.people.identity import INS, INS_NIR_TEST
from records.text.base64url import b64
from records.vocabulary.codes import Environment, PurposeOfUse, Role
from tests.integration.pages import Browser
from tests.integration.support import (
    DOCTOR,
    LABORATORY,
    PRACTICE,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    document_reference,
    multipart,
    new_ins,
    problem,
    related,
)
from tests.integration.test_vault_process import process
from tests.services.warm import WarmServer
from tests.unit.content.metadata_forms import read

CLIENT = typer.Typer()
CLIENT.command("send")(send_command)
CLIENT.command("fetch")(fetch_command)


@dataclass
class Identity:
    """Files of `coffre identity issue … --bound`."""

    token_file: Path
    key_file: Path

    @property
    def token(self) -> str:
        return read_token(self.token_file)

    @property
    def key(self) -> ProofKey:
        return read_key(self.key_file)

    @property
    def files(self) -> tuple[str, ...]:
        return ("--token-file", str(self.token_file), "--key-file", str(self.key_file))

    def headers(self, coffre: Coffre, method: str, path: str, **proof: Any) -> dict[str, str]:
        made = self.key.proof(self.token, method, coffre.url + path, **proof)
        return {"Authorization": f"DPoP {self.token}", "DPoP": made}


def issue(coffre: Coffre, folder: Path, *arguments: str) -> Identity:
    common = ("--data", str(coffre.data), "--out", str(folder), "--bound", "--json")
    done = CliRunner().invoke(app, ["identity", "issue", *arguments, *common])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    return Identity(Path(found["token_file"]), Path(found["key"]))


@pytest.fixture
def lab(coffre: Coffre, tmp_path: Path) -> Identity:
    return issue(coffre, tmp_path / "lab", "depositor", "--structure", LABORATORY)


@pytest.fixture
def holder(coffre: Coffre, patient: Patient, tmp_path: Path) -> Identity:
    return issue(coffre, tmp_path / "holder", "patient", "--ins", patient.ins)


def documents(patient: Patient) -> str:
    return f"/records/{patient.ins}/documents"


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(CLIENT, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done.output


def test_a_proof_for_head_is_for_head_alone(coffre: Coffre, patient: Patient, holder: Identity) -> None:
    """RFC 9449 section 4.2: htm is the method of the request."""
    for presented, asked in (("HEAD", "HEAD"), ("GET", "GET"), ("GET", "HEAD"), ("HEAD", "GET")):
        headers = holder.headers(coffre, presented, documents(patient))
        answer = coffre.http.request(asked, documents(patient), headers=headers)
        assert answer.status_code == (200 if presented == asked else 401), (presented, asked)


def test_send_and_fetch_prove_their_key(
    coffre: Coffre,
    patient: Patient,
    lab: Identity,
    holder: Identity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where the sender keeps its journal
    sent = tmp_path / "sent"
    sent.mkdir()
    for number, content in enumerate(patient.ct(slices=2)):
        (sent / f"{number}.dcm").write_bytes(content)
    (sent / "report.pdf").write_bytes(demo_data.report_pdf(patient.ins))
    run("send", str(sent), "--record", patient.ins, "--to", coffre.url, *lab.files)
    out = tmp_path / "out"
    run("fetch", "--record", patient.ins, "--from", coffre.url, "--out", str(out), *holder.files)
    opened = {path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"}
    assert opened == {path.read_bytes() for path in sent.iterdir()}


def test_a_slash_at_the_end_makes_no_other_address_of_a_proof(
    coffre: Coffre, patient: Patient, holder: Identity, lab: Identity
) -> None:
    path = documents(patient)
    for proved, asked in ((path, path + "/"), (path + "/", path), (path + "/", path + "/")):
        answer = coffre.http.get(asked, headers=holder.headers(coffre, "GET", proved))
        assert answer.status_code == 200, answer.text
    deposit = f"/records/{patient.ins}/dicomweb/studies/"
    files = patient.ct(slices=1, size=16)
    digests = [hashlib.sha256(content).digest() for content in files]
    sent = {**lab.headers(coffre, "POST", deposit, body=None, parts=digests), "Content-Type": related()}
    assert coffre.http.post(deposit, content=multipart(files), headers=sent).status_code == 200


def test_an_emergency_is_signed_with_its_reason(coffre: Coffre, patient: Patient, tmp_path: Path) -> None:
    coffre.publish_pdf(coffre.depositor(), patient.ins, demo_data.report_pdf(patient.ins))
    patient.call("PUT", "/emergency", json={"bris_de_glace": True, "centre_15": True})
    urgent = ("professional", "--rpps", DOCTOR, "--profession", "10", "--structure", PRACTICE)
    doctor = issue(coffre, tmp_path / "doctor", *urgent)
    to = ("fetch", "--record", patient.ins, "--from", coffre.url, "--out", str(tmp_path / "out"))
    why = ("--purpose", "bris_de_glace", "--reason", "Patient arrivé inconscient")
    run(*to, *doctor.files, *why)
    assert list((tmp_path / "out").rglob("*.pdf"))


class TestAStolenToken:
    def test_opens_nothing(self, coffre: Coffre, patient: Patient, holder: Identity) -> None:
        path = documents(patient)
        thief = ProofKey(new_signing_key()[0])
        forged = thief.proof(holder.token, "GET", coffre.url + path)
        dpop = {"Authorization": f"DPoP {holder.token}"}
        for headers, code in (
            (bearer(holder.token), "possession_required"),
            (dpop, "possession_required"),
            (dpop | {"DPoP": forged}, "proof_invalid"),
            (bearer(holder.token) | {"DPoP": forged}, "possession_required"),
        ):
            answer = coffre.http.get(path, headers=headers)
            assert (answer.status_code, problem(answer)) == (401, code)
            assert 'DPoP algs="EdDSA ES256"' in answer.headers["www-authenticate"]
        assert coffre.http.get(path, headers=holder.headers(coffre, "GET", path)).status_code == 200

    def test_deposits_nothing(self, coffre: Coffre, patient: Patient, lab: Identity) -> None:
        answer = coffre.stow(lab.token, patient.ct(slices=1), patient.ins)
        assert (answer.status_code, problem(answer)) == (401, "possession_required")
        assert patient.documents() == []

    def test_with_one_proof_goes_through_a_long_record_and_once_alone(
        self, coffre: Coffre, patient: Patient, holder: Identity
    ) -> None:
        """A search reads page after page of the vault for one request; each page of a list has a proof."""
        studies = [patient.ct(slices=1, size=16, seed=number)[0] for number in range(105)]
        assert coffre.stow(coffre.depositor(), studies, patient.ins).status_code == 200
        for query, count in (
            ("NumberOfStudyRelatedInstances=1", len(studies)),
            ("limit=3&offset=101", 3),
            ("StudyInstanceUID=1.2.3", 0),
        ):
            path = f"/records/{patient.ins}/dicomweb/studies"
            made = holder.headers(coffre, "GET", path)
            answer = coffre.http.get(f"{path}?{query}", headers=made)
            assert (answer.status_code, len(answer.json())) == (200, count), answer.text
            again = coffre.http.get(f"{path}?{query}", headers=made)
            assert (again.status_code, problem(again)) == (401, "proof_replayed")
        seen, path = [], documents(patient)
        while path:
            answer = coffre.http.get(path, headers=holder.headers(coffre, "GET", path.partition("?")[0]))
            seen += [each["id"] for each in answer.json()["documents"]]
            path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert len({*seen}) == len(seen) == len(studies)

    def test_with_a_proof_that_was_overheard_is_good_for_nothing_new(
        self, coffre: Coffre, patient: Patient, holder: Identity
    ) -> None:
        path = documents(patient)
        heard = holder.headers(coffre, "GET", path)
        assert coffre.http.get(path, headers=heard).status_code == 200
        again = coffre.http.get(path, headers=heard)
        assert (again.status_code, problem(again)) == (401, "proof_replayed")
        for method, other in (("GET", "/access-log"), ("PUT", "/emergency")):
            answer = coffre.http.request(
                method,
                f"/records/{patient.ins}{other}",
                headers=heard,
                json={"bris_de_glace": True, "centre_15": True} if method == "PUT" else None,
            )
            assert (answer.status_code, problem(answer)) == (401, "proof_invalid")


def test_a_recipient_swapped_on_the_way_is_refused(
    coffre: Coffre, patient: Patient, holder: Identity
) -> None:
    coffre.publish_pdf(coffre.depositor(), patient.ins, demo_data.report_pdf(patient.ins))
    (_, theirs), (_, mine) = new_recipient(), new_recipient()
    body, swapped = (
        json.dumps({"record": patient.ins, "recipient": b64(key)}).encode() for key in (theirs, mine)
    )
    headers = holder.headers(coffre, "POST", "/grants", body=body) | {"Content-Type": "application/json"}
    answer = coffre.http.post("/grants", content=swapped, headers=headers)
    assert (answer.status_code, problem(answer)) == (401, "proof_invalid")
    assert coffre.http.post("/grants", content=body, headers=headers).status_code == 201


def test_a_record_in_a_query_is_not_covered(coffre: Coffre, patient: Patient, holder: Identity) -> None:
    headers = holder.headers(coffre, "GET", "/dicomweb/studies")
    answer = coffre.http.get("/dicomweb/studies", params={"PatientID": patient.ins}, headers=headers)
    assert (answer.status_code, problem(answer)) == (401, "proof_mismatch")
    path = f"/records/{patient.ins}/dicomweb/studies"
    headers = holder.headers(coffre, "GET", path)
    assert coffre.http.get(path, params={"limit": 5}, headers=headers).json() == []


def test_a_document_at_its_fhir_address_and_no_other_one(
    coffre: Coffre, patient: Patient, holder: Identity
) -> None:
    lab = coffre.depositor()
    paths = [
        f"/fhir/DocumentReference/{coffre.publish_pdf(lab, patient.ins, content).json()['id']}"
        for content in (demo_data.report_pdf(patient.ins), demo_data.report_pdf())
    ]
    headers = holder.headers(coffre, "GET", paths[0])
    assert coffre.http.get(paths[1], headers=headers).status_code == 401
    assert coffre.http.get(paths[0], headers=headers).status_code == 200
    assert coffre.http.get(paths[0], headers=headers).status_code == 401, "a proof is good once"
    with coffre.system() as system:  # a reader that is taken over shows the vault a genuine request
        found = system.index.documents(record_of(system, patient), limit=1)
        rows = sealed_rows(row for _, details in found for row in details)
        url = coffre.url + paths[0]
        for presented in (rows, [row for row in rows if str(row.document_id) not in paths[0]]):
            proof = PresentedProof(holder.key.proof(holder.token, "GET", url), "GET", url)
            with pytest.raises(CredentialError) as refused:
                system.guard.reader.documents(
                    Call(token=holder.token, presented=proof), record_of(system, patient), presented
                )
            assert refused.value.code == "proof_mismatch"


def record_of(system: System, patient: Patient) -> UUID:
    found = system.guard.reader.resolve(Call(token=patient.token), patient.ins)
    assert isinstance(found, ResolvedRecord)
    return found.record_id


class TestADeposit:
    def stow(
        self, coffre: Coffre, patient: Patient, lab: Identity, sent: list[bytes], signed: list[bytes]
    ) -> httpx.Response:
        path = f"/records/{patient.ins}/dicomweb/studies"
        parts = [hashlib.sha256(content).digest() for content in signed]
        headers = lab.headers(coffre, "POST", path, body=None, parts=parts)
        return coffre.http.post(path, content=multipart(sent), headers=headers | {"Content-Type": related()})

    def test_of_other_parts_than_were_signed_is_not_taken(
        self, coffre: Coffre, patient: Patient, lab: Identity
    ) -> None:
        images = patient.ct(slices=2)
        for sent, signed in ((images, images[:1]), (images[::-1], images), (images[:1], images)):
            answer = self.stow(coffre, patient, lab, sent, signed)
            assert (answer.status_code, problem(answer)) == (401, "proof_invalid")
        assert patient.documents() == []
        assert self.stow(coffre, patient, lab, images, images).status_code == 200

    def test_into_another_study_than_was_signed_is_not_taken(
        self, coffre: Coffre, patient: Patient, lab: Identity
    ) -> None:
        (content,) = patient.ct(slices=1)
        study = str(read(content).StudyInstanceUID)
        path = f"/records/{patient.ins}/dicomweb/studies"
        parts = [hashlib.sha256(content).digest()]
        for signed, sent, status in (
            (f"{path}/{study}", path, 401),
            (path, f"{path}/{study}", 401),
            (f"{path}/{study}", f"{path}/{study}", 200),
        ):
            headers = lab.headers(coffre, "POST", signed, body=None, parts=parts)
            headers["Content-Type"] = related()
            answer = coffre.http.post(sent, content=multipart([content]), headers=headers)
            assert answer.status_code == status, answer.text

    def test_of_another_envelope_than_was_signed_is_not_taken(
        self, coffre: Coffre, patient: Patient, lab: Identity
    ) -> None:
        pdf = demo_data.report_pdf(patient.ins)
        body, other = (
            json.dumps(document_reference(patient.ins, pdf, title=title)).encode() for title in ("one", "two")
        )
        path, parts = "/fhir/DocumentReference", [hashlib.sha256(pdf).digest()]
        headers = lab.headers(coffre, "POST", path, body=body, parts=parts)
        headers["Content-Type"] = "application/fhir+json"
        assert coffre.http.post(path, content=other, headers=headers).status_code == 401
        taken = coffre.http.post(path, content=body, headers=headers)
        assert taken.status_code == 201
        # intake remembers no proofs: the vault refuses the second submission
        again = coffre.http.post(path, content=body, headers=headers)
        assert again.status_code == 422
        assert "bad_credential" in again.text


@pytest.fixture
def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Coffre]:
    """A server that believes no bearer."""
    monkeypatch.setenv("COFFRE_REQUIRE_POSSESSION", "true")
    monkeypatch.setenv("COFFRE_CERTIFICATE_PROXIES", "127.0.0.1")
    data = tmp_path / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        yield Coffre(data, server)


def test_where_possession_is_required_bearers_are_refused(strict: Coffre, tmp_path: Path) -> None:
    patient = strict.open_record()
    for answer in (
        strict.http.get(documents(patient), headers=bearer(patient.token)),
        strict.stow(strict.depositor(), patient.ct(slices=1), patient.ins),
    ):
        assert (answer.status_code, problem(answer)) == (401, "possession_required")
    lab = issue(strict, tmp_path / "lab", "depositor", "--structure", LABORATORY)
    holder = issue(strict, tmp_path / "holder", "patient", "--ins", patient.ins)
    (tmp_path / "image.dcm").write_bytes(patient.ct(slices=1)[0])
    image, out = str(tmp_path / "image.dcm"), tmp_path / "out"
    run("send", image, "--record", patient.ins, "--to", strict.url, *lab.files)
    run("fetch", "--record", patient.ins, "--from", strict.url, "--out", str(out), *holder.files)
    assert sorted(path.suffix for path in out.rglob("*") if path.is_file()) == [".dcm", ".json"]


def test_where_bearers_are_refused_the_pages_prove_their_calls_and_machines_show_a_certificate(
    strict: Coffre,
) -> None:
    """The pages' credentials are bound to the page process's key: nothing for whoever reads them out."""
    patient = strict.open_record()
    with strict.system() as system:
        authority = Authority(read_secret(system.places.authority_key), environment=Environment.DEMO)
        thumbprint = page_thumbprint(system.places)
    told: dict[str, Any] = {
        "role": Role.PATIENT,
        "subject": "s",
        "audience": "coffre/demo",
        "now": int(time.time()),
        "ins": INS(patient.ins, INS_NIR_TEST),
    }
    bound = authority.issue(**told, key=thumbprint)
    browser = Browser(strict).sign_in(bound)
    assert "choix" in browser.get("/choix").text
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": strict.url}
    asked = {"record": patient.ins, "recipient": b64(new_recipient()[1])}
    assert browser.http.post("/grants", json=asked, headers=ours).status_code == 201
    viewed = browser.http.get(f"/records/{patient.public_id}/dicomweb/studies", headers=ours)
    assert viewed.status_code in (200, 204)
    form = browser.get("/profil/nouveau/blood_group").form("/profil")
    assert "C'est enregistré." in browser.submit(form, group="O-", date="1999").text
    # out of the session it is nothing, and a session with a bearer's credential neither
    stolen = strict.http.get(documents(patient), headers=bearer(bound))
    assert (stolen.status_code, problem(stolen)) == (401, "possession_required")
    assert Browser(strict).sign_in(patient.token).http.get("/choix").status_code == 403
    der = b"a certificate in DER"
    shown = {"Client-Cert": f":{base64.b64encode(der).decode()}:"}
    machine = bearer(authority.issue(**told, cnf={"x5t#S256": b64(hashlib.sha256(der).digest())}))
    assert strict.http.get(documents(patient), headers={**machine, **shown}).status_code == 200
    for other in ({}, {"Client-Cert": ":AAAA:"}):
        answer = strict.http.get(documents(patient), headers={**machine, **other})
        assert (answer.status_code, problem(answer)) == (401, "certificate_required")


class TestTheCommands:
    def test_say_that_a_key_is_missing_or_another(
        self, coffre: Coffre, patient: Patient, lab: Identity, holder: Identity, tmp_path: Path
    ) -> None:
        to = ("fetch", "--record", patient.ins, "--from", coffre.url, "--out", str(tmp_path / "out"))
        token = ("--token-file", str(holder.token_file))
        assert "key_file_missing" in run(*to, *token, status=2)
        assert "bad_key_file" in run(*to, *token, "--key-file", str(lab.key_file), status=2)
        assert "bad_key_file" in run(*to, *token, "--key-file", str(holder.token_file), status=2)
        assert "bad_key_file" in run(*to, *token, "--key-file", str(tmp_path / "none"), status=2)

    def test_a_lost_answer_is_asked_for_with_a_new_proof(
        self, coffre: Coffre, patient: Patient, holder: Identity
    ) -> None:
        seen: list[str] = []

        def once_busy(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers["dpop"])
            return httpx.Response(503 if len(seen) == 1 else 200, json={})

        transport = httpx.MockTransport(once_busy)
        server = CoffreClient(
            coffre.url, holder.token, key=holder.key, sleep=lambda _: None, transport=transport
        )
        server.read("GET", documents(patient))
        assert len({*seen}) == 2

    def test_no_link_signs_in_with_a_bound_token(self, coffre: Coffre, patient: Patient) -> None:
        asked = ["identity", "issue", "patient", "--ins", patient.ins, "--data", str(coffre.data)]
        done = CliRunner().invoke(app, [*asked, "--bound", "--link", coffre.url])
        assert done.exit_code == 2
        assert "--bound" in done.output


def test_through_the_doors_of_a_vault_process(tmp_path: Path) -> None:
    data, doors = tmp_path / "data", {"COFFRE_VAULT_URL": f"unix://{tmp_path}/doors"}
    initialise(load(data=data))
    ins, key = new_ins(), ProofKey(new_signing_key()[0])
    with System(load(data=data)) as system:
        operator, token = Identities(system).operator(), Identities(system).patient(ins, key=key.thumbprint)
    url = f"https://coffre.example/records/{ins}/documents"

    def call() -> Call:
        return Call(token=token, presented=PresentedProof(key.proof(token, "GET", url), "GET", url))

    with process("vault", "serve", "--data", str(data), env=doors):
        guard = connect(doors["COFFRE_VAULT_URL"])
        guard.operator.open_record(operator, ins, TRAITS, consent_by="operator", consent_how="spoken")
        asked = call()
        record = guard.reader.resolve(asked, ins)
        assert isinstance(record, ResolvedRecord)
        assert isinstance(guard.reader.documents(asked, record.record_id, []), Disclosed)
        for again, code in (
            (asked, "proof_replayed"),
            (Call(token=token), "possession_required"),
            (replace(call(), purpose=PurposeOfUse.CENTRE_15), "proof_mismatch"),
        ):
            with pytest.raises(CredentialError) as caught:
                guard.reader.documents(again, record.record_id, [])
            assert caught.value.code == code
