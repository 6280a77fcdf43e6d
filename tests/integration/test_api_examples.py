"""Every example of docs/api.md is sent to a running server, and answered in the form that is shown."""

import base64
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from keyvault.grants.grant import new_recipient
from records.text.base64url import b64
from tests.integration.api_examples import Example, blocks, differences, headings, parsed, read_examples
from tests.integration.operators import soon
from tests.integration.support import (
    HOSPITAL,
    LABORATORY,
    STRANGER,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    multipart,
    new_ins,
    serving,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/api.md"
EXAMPLES = read_examples(PAGE)
VIEWER = "https://viewer.example"
_NAME = re.compile(r"\$([A-Z0-9_]+)")


@dataclass
class Stage:
    """What the names of the page stand for. `told` is what earlier answers told, and what was made once."""

    coffre: Coffre
    patient: Patient
    other: Patient
    told: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        return _NAME.sub(lambda name: self.value(name[1]), text)

    def value(self, name: str) -> str:
        if name not in self.told:
            self.told[name] = self._makers()[name]()
        return self.told[name]

    def _makers(self) -> Mapping[str, Callable[[], str]]:
        def operator(name: str) -> str:
            with self.coffre.system() as system:
                return Identities(system).named_operator(name)

        return {
            "INS": lambda: self.patient.ins,
            "R": lambda: str(self.patient.public_id),
            "OTHER": lambda: str(self.other.public_id),
            "OTHERS": lambda: self.other.ins,
            "HOLDER": lambda: self.patient.token,
            "LABORATORY": self.coffre.depositor,
            "DOCTOR": self.coffre.professional,
            "STRANGER": lambda: self.coffre.professional(STRANGER),
            "ANNE": lambda: operator("anne"),
            "BRUNO": lambda: operator("bruno"),
            "STUDY": lambda: self._study()["study_uid"],
            "DOCUMENT": lambda: self._study()["id"],
            "HIDDEN": self._hidden,
            "OWN": self._own,
            "SET": self._set,
            "SERIES": self._series,
            "INSTANCE": self._instance,
            "PDF": lambda: base64.b64encode(demo_data.report_pdf(self.patient.ins)).decode(),
            "BUNDLED": lambda: base64.b64encode(demo_data.report_pdf(self.other.ins)).decode(),
            "ANNEX": lambda: base64.b64encode(demo_data.report_pdf(self.other.ins, study="Bilan")).decode(),
            "NOTICE": lambda: self.patient.call("GET", "/documents").json()["notices"][0]["id"],
            "RECIPIENT": lambda: b64(new_recipient()[1]),
            "LEAF": self._sequenced,
        }

    def _study(self) -> dict[str, str]:
        return next(each for each in self.patient.documents() if each["kind"] == "study")

    def _hidden(self) -> str:
        """A result that its patient does not see until the doctor, who may consult, announces it."""
        self.patient.authorise()
        hospital, content = self.coffre.depositor(HOSPITAL), demo_data.report_pdf(self.patient.ins)
        answer = self.coffre.publish_pdf(hospital, self.patient.ins, content, labels=["INVISIBLE_PATIENT"])
        return str(answer.json()["id"])

    def _own(self) -> str:
        """A report of the laboratory, which archives and deletes it."""
        content = demo_data.report_pdf(self.patient.ins) + b"\n% of its own\n%%EOF\n"
        answer = self.coffre.publish_pdf(self.coffre.depositor(), self.patient.ins, content)
        return str(answer.json()["id"])

    def _set(self) -> str:
        asked = {"patient": str(self.patient.public_id), "sourceId": LABORATORY}
        found = self.coffre.http.get("/fhir/List", params=asked, headers=bearer(self.patient.token)).json()
        return str(found["entry"][0]["resource"]["id"])

    def _series(self) -> str:
        (series,) = self.patient.call("GET", f"/dicomweb/studies/{self.value('STUDY')}/series").json()
        uid: str = series["0020000E"]["Value"][0]
        return uid

    def _instance(self) -> str:
        instance = self.patient.call("GET", f"/dicomweb/studies/{self.value('STUDY')}/instances").json()[0]
        uid: str = instance["00080018"]["Value"][0]
        return uid

    def _sequenced(self) -> str:
        leaf: str = self.patient.log()[-1]["leaf"]
        soon(lambda: self.coffre.http.get(f"/audit/proof/{leaf}").status_code == 200)
        return leaf

    def _code_was_sent(self) -> bool:
        answer = self.patient.call("GET", "/contacts").json()
        return bool(answer["contacts"][0]["code"])

    def send(self, example: Example) -> httpx.Response:
        headers = {name: self.filled(value) for name, value in example.headers}
        answer = self.coffre.http.request(
            example.method, self.filled(example.path), headers=headers, content=self._body(example.body)
        )
        self._learn(example, answer)
        return answer

    def _body(self, text: str) -> bytes:
        return self._files()[text]() if text.startswith("@") else self.filled(text).encode()

    def _files(self) -> Mapping[str, Callable[[], bytes]]:
        return {
            "@scan": lambda: multipart(self.patient.ct(slices=2, size=16), "b"),
            "@not-dicom": lambda: multipart([b"Bonjour"], "b"),
            "@without-ins": lambda: multipart(
                map(_without_ins, self.patient.ct(slices=2, size=16, seed=2)), "b"
            ),
            "@image": lambda: self.patient.ct(slices=3, size=16)[2],
        }

    def _learn(self, example: Example, answer: httpx.Response) -> None:
        if "content-location" in answer.headers:
            self.told["SUBMISSION"] = answer.headers["content-location"].rpartition("/")[2]
        if example.heading == "`POST /fhir/DocumentReference`" and answer.status_code == 201:
            self.told["REPORT"] = answer.headers["location"].rpartition("/")[2]
        if example.heading == "`POST /fhir/{declared}`" and answer.status_code == 201:
            self.told["ENTRY"] = answer.headers["location"].rpartition("/")[2]
        if example.heading == "`GET /quarantine`":
            self.told |= {f"ASIDE_{n}": each["id"] for n, each in enumerate(answer.json()["quarantined"], 1)}
        if example.heading == "`POST /records/{ins}/teams`":
            self.told["TEAM"] = answer.json()["team"]
        if example.heading == "`PUT /records/{ins}/contacts/{kind}`":
            soon(self._code_was_sent)
        if '"next": "' in example.shown_body:
            self.told["NEXT"] = answer.json()["next"]
        if example.heading == "`POST /grants`":
            found = answer.json()
            (url, *_) = found["urls"].values()
            self.told |= {"GRANT": found["id"], "OBJECT": url.removeprefix(f"{self.coffre.url}/objects/")}


def _without_ins(content: bytes) -> bytes:
    dataset, written = pydicom.dcmread(BytesIO(content)), BytesIO()
    dataset.PatientID = "4711"
    del dataset.IssuerOfPatientID, dataset.IssuerOfPatientIDQualifiersSequence
    dataset.save_as(written)
    return written.getvalue()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server of its own, so that the page tells one story from its beginning."""
    data = tmp_path_factory.mktemp("examples") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_ALLOWED_ORIGINS=VIEWER) as coffre:
        patient = coffre.open_record(demo_data.PATIENT_INS, TRAITS)
        yield Stage(coffre, patient, coffre.open_record(new_ins(), TRAITS))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.method} {each.path} {each.status}")
def test_an_example_is_answered_as_shown(stage: Stage, example: Example) -> None:
    """In the order of the page: what one deposits, the next ones read."""
    answer = stage.send(example)
    assert answer.status_code == example.status, answer.text
    for name, shown in example.shown_headers:
        assert not list(differences(shown, answer.headers.get(name), name))
    if example.method == "HEAD":
        assert answer.content == b""
    elif example.shown_body.startswith("…"):  # bytes that nobody reads
        assert answer.content
    else:
        assert list(differences(parsed(example.shown_body), parsed(answer.text))) == []


def test_the_commands_of_the_page_do_what_they_say(stage: Stage, tmp_path: Path) -> None:
    """With the names of this data directory and this server."""
    (commands,) = [text for _, language, text in blocks(PAGE) if language == "sh"]
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / ".data").symlink_to(stage.coffre.data)
    names = {"P": stage.coffre.url, "R": stage.value("R"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["/bin/bash", "-e", "-c", commands],
        cwd=tmp_path,
        env=names,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f'"record":"{stage.value("R")}"' in done.stdout


def test_every_route_has_an_example() -> None:
    shown = {(each.heading, each.method) for each in EXAMPLES}
    routes = [heading for heading in headings(PAGE) if re.fullmatch(r"`[A-Z]+ /.*`", heading)]
    assert [route for route in routes if (route, route.strip("`").partition(" ")[0]) not in shown] == []


def test_every_block_is_an_example_or_a_command() -> None:
    assert {language for _, language, _ in blocks(PAGE)} == {"http", "sh"}


class TestComparing:
    """What counts as the form that is shown."""

    @pytest.mark.parametrize(
        ("shown", "answered"),
        [
            ({"a": 1, "b": [True, None]}, {"a": 1, "b": [True, None]}),
            ("85d7745a-1b41-4f0e-9d53-3c1d7a2d9a10", "00000000-0000-4000-8000-000000000000"),
            ("2026-11-22T02:32:52+00:00", "2027-01-01T00:00:00.123+00:00"),
            ("http://127.0.0.1:8080/objects/x", "http://127.0.0.1:45123/objects/x"),
            ("sha eh2tdiLS…", "sha 1234567890abcdef"),
            ("This is not … at all", "This is not what you think at all"),
            ({"seq": 8}, {"seq": 23}),
            ({"a": 1, "…": "…"}, {"a": 1, "b": 2}),
            (["a", "…"], ["a", "b", "c"]),
            ({"85d7745a-1b41-4f0e-9d53-3c1d7a2d9a10": 1}, {"00000000-0000-4000-8000-000000000000": 1}),
        ],
    )
    def test_the_same_form(self, shown: Any, answered: Any) -> None:
        assert list(differences(shown, answered)) == []

    @pytest.mark.parametrize(
        ("shown", "answered"),
        [
            ({"a": 1}, {"a": 2}),
            ({"a": 1}, {"a": "1"}),
            ({"a": 1}, {"a": True}),
            ({"a": 1}, {"a": 1, "b": 2}),
            ({"a": 1, "b": 2}, {"a": 1}),
            ({"seq": 8}, {"seq": "8"}),
            ({"a": None}, {"a": {}}),
            (["a"], ["a", "b"]),
            (["a", "b"], ["a"]),
            (["a", "…"], []),
            ("published", "rejected"),
            ("85d7745a-1b41-4f0e-9d53-3c1d7a2d9a10", "85d7745a"),
            (
                "/submissions/85d7745a-1b41-4f0e-9d53-3c1d7a2d9a10",
                "/records/85d7745a-1b41-4f0e-9d53-3c1d7a2d9a10",
            ),
            ("B007", 45063),
        ],
    )
    def test_another_form(self, shown: Any, answered: Any) -> None:
        assert list(differences(shown, answered))
