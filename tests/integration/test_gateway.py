"""The gateway over a real vault, index and object store: one grant for a study, asked again each time."""

import io
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from coffre.demo_authority.identities import Identities
from coffre.demonstration.files.data import report_pdf
from coffre.settings import load
from coffre.wiring import System
from content.pixels.children import PixelChildren
from content.pixels.wanted import Rendering
from content.sandbox.pool import SandboxUnavailable
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.tokens import number_of
from keyvault.crypto.signing import new_signing_key
from keyvault.process.guard import Guard
from keyvault.verbs.call import Call
from records.errors import CoffreError, NotFound, Refused
from records.vocabulary.codes import PurposeOfUse, RecordState
from tests.integration.operators import answer_of
from tests.integration.support import HOSPITAL, PRACTICE, STRANGER, Coffre, Patient, bearer
from tests.integration.test_withdraw import withdraw
from tests.integration.vault.bench import put_in_state
from viewer_api.gateway import memory
from viewer_api.gateway.answer import ASKED_AGAIN_S
from viewer_api.gateway.gateway import Gateway
from viewer_api.gateway.held_grants import IDLE_S, ContentClosedError
from viewer_api.gateway.opened_study import OpenedStudy, OpenedThing
from viewer_api.gateway.study_archive import study_archive
from viewer_api.granting import Granting
from viewer_api.wado.accept import accepted
from viewer_api.wado.parameters import of_thumbnail
from viewer_api.wado.rendering import Pictures
from viewer_api.wado.sources import InstanceSource

REASON = "Patient inconscient aux urgences"
GRANT_S = 900
_DOCTORS = count(1)
"""A professional for each test: what is withdrawn here concerns no other."""


@dataclass
class Clock:
    """The time of day, and what a test adds to it."""

    ahead: float = 0

    def __call__(self) -> float:
        return time.time() + self.ahead


@dataclass
class Room:
    """A gateway of this process beside the running server, over the same stores."""

    coffre: Coffre
    system: System
    clock: Clock
    gateway: Gateway

    def anew(self) -> Gateway:
        """One that holds nothing."""
        guard = self.system.guard.gateway
        granting = Granting(self.system.index, guard)
        keys = self.system.identity.grant_keys
        return Gateway(granting, guard, self.system.objects, keys, self.clock)


@pytest.fixture(scope="module")
def system(coffre: Coffre) -> Iterator[tuple[System, Clock]]:
    clock = Clock()
    with System(load(data=coffre.data), clock=clock, vault_here=True) as system:
        yield system, clock


@pytest.fixture
def room(coffre: Coffre, system: tuple[System, Clock]) -> Iterator[Room]:
    found, clock = system
    room = Room(coffre, found, clock, None)  # type: ignore[arg-type]
    room.gateway = room.anew()
    yield room
    clock.ahead = 0


@dataclass
class Scene:
    """A study of two images, and a doctor who opens it through the gateway."""

    room: Room
    patient: Patient
    token: str
    rpps: str
    files: list[bytes] = field(repr=False)
    study: str = ""
    purpose: PurposeOfUse = PurposeOfUse.NORMAL
    reason: str | None = None

    @property
    def call(self) -> Call:
        return Call(token=self.token, purpose=self.purpose, reason=self.reason)

    def opened(self, gateway: Gateway | None = None) -> OpenedStudy:
        return (gateway or self.room.gateway).study(self.call, self.patient.ins, self.study)

    def frame(self) -> bytes:
        """The first frame of the newest image."""
        study = self.opened()
        instance = study.instances()[-1]
        assert instance.frames is not None
        ((start, length),) = instance.frames[0]
        return b"".join(study.read(instance, start, start + length))

    def lines(self, action: str = "retrieve") -> list[dict[str, Any]]:
        return [line for line in self.patient.log() if line["action"] == action]


@pytest.fixture
def scene(room: Room) -> Scene:
    patient = room.coffre.open_record()
    files = patient.ct(slices=2, size=32)
    assert room.coffre.stow(room.coffre.depositor(), files, patient.ins).status_code == 200
    rpps = f"89972{next(_DOCTORS):07d}"
    patient.authorise(rpps)
    study = patient.documents()[0]["study_uid"]
    return Scene(room, patient, room.coffre.professional(rpps), rpps, files, study)


# the small picture of a series


def thumbnail(study: OpenedStudy, pixels: PixelChildren, accept: str, viewport: str | None = None) -> bytes:
    """What a viewer that asks for the study's thumbnail gets."""
    query = {} if viewport is None else {"viewport": viewport}
    answer = Pictures(study, pixels, accepted([], [accept])).thumbnail(of_thumbnail(query), None, None)
    return b"".join(answer.pieces)


def test_a_study_gives_the_overview_of_a_series(scene: Scene) -> None:
    study = scene.opened()
    (series,) = {each.series for each in study.instances()}
    found = study.rendition(series)
    assert found is not None
    assert (found.form, found.study, found.series) == ("overview", scene.study, series)
    assert {sop for sop, _ in found.frames} < {each.sop for each in study.instances(series)}
    with pytest.raises(NotFound, match="no such image"):
        study.rendition("1.2.3")


def test_a_thumbnail_is_the_overview_and_no_child_decodes(scene: Scene) -> None:
    study = scene.opened()
    overview = study.rendition(study.instances()[0].series)
    assert overview is not None
    pixels = PixelChildren()
    pixels.close()  # whatever asks for a child now fails
    assert thumbnail(study, pixels, "image/jpeg") == overview.jpeg
    assert thumbnail(study, pixels, "image/jpeg", "32,32") == overview.jpeg
    for accept, viewport in (("image/png", None), ("image/jpeg", "16,32")):
        with pytest.raises(SandboxUnavailable):
            thumbnail(study, pixels, accept, viewport)


def test_a_smaller_thumbnail_is_made_of_the_overview(scene: Scene) -> None:
    with PixelChildren() as pixels:
        made = thumbnail(scene.opened(), pixels, "image/jpeg", "16,24")
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (16, 16))


def test_what_is_made_of_an_image_takes_room_until_it_is_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that reads slowly holds it: it counts like what is read of descriptions."""
    monkeypatch.setattr(memory, "SMALL", 0)
    study, held = scene.opened(), scene.room.gateway._memory._held
    source = InstanceSource(study, study.instances()[0])
    with PixelChildren() as pixels:
        for work in (
            lambda: pixels.native_frame(source, 1),
            lambda: pixels.rendered(source, 1, Rendering()).pieces,
            lambda: pixels.transcoded(source),
        ):
            made = work()
            assert held[study.caller] > 500
            list(made)
            assert held.total() == 0
        unread = pixels.native_frame(source, 1)
        assert held[study.caller] == unread.size == 32 * 32 * 2
        del unread
        assert held.total() == 0


# one grant


def test_a_study_is_read_under_one_grant_and_has_one_line(scene: Scene) -> None:
    for _ in range(3):
        study = scene.opened()
        whole = {b"".join(study.read(each)) for each in study.instances()}
        assert whole == {*scene.files}
        series = study.instances()[0].series
        described = {each["00080018"]["Value"][0] for each in study.metadata(series)}
        assert described == {each.sop for each in study.instances(series)}
    (line,) = scene.lines()
    assert (line["outcome"], line["opened_by"]) == ("permit", "gateway")


def test_however_many_first_requests_come_at_once(scene: Scene) -> None:
    ready = threading.Barrier(8)

    def first(_: int) -> bytes:
        ready.wait()
        return scene.frame()

    with ThreadPoolExecutor(8) as threads:
        frames = {*threads.map(first, range(8))}
    assert len(frames) == 1
    assert len(scene.lines()) == 1


def test_each_credential_purpose_and_thing_has_a_grant_of_its_own(scene: Scene) -> None:
    scene.frame()
    document = scene.opened().instances()[0].document_id
    scene.room.gateway.instance(scene.call, scene.patient.ins, document, scene.opened().instances()[0].sop)
    scene.token = scene.room.coffre.professional(scene.rpps)
    scene.frame()
    scene.token, scene.purpose = scene.patient.token, PurposeOfUse.NORMAL
    scene.frame()
    assert len(scene.lines()) == 4


def test_an_instance_says_whose_it_is_and_where_it_lies(scene: Scene) -> None:
    (document,) = scene.patient.documents()
    found = scene.opened().instances()
    assert {str(each.document_id) for each in found} == {document["id"]}
    assert {each.study for each in found} == {scene.study}
    first = found[0]
    assert scene.opened().instances(first.series, first.sop) == [first]


def test_pages_open_sixty_images_with_one_line(scene: Scene) -> None:
    found = scene.opened(scene.room.anew()).instances()
    before = len(scene.lines())
    for each in found * 3:
        content = scene.room.gateway.instance(scene.call, scene.patient.ins, each.document_id, each.sop)
        assert b"".join(content.pieces) in scene.files
    assert len(scene.lines()) == before + 1


@pytest.mark.parametrize("named", ["series", "sop"])
def test_what_is_not_in_the_study_is_not_found_and_asks_for_no_new_grant(scene: Scene, named: str) -> None:
    scene.frame()
    for _ in range(3):
        with pytest.raises(NotFound) as absent:
            scene.opened().instances(**{named: "1.2.3"})
        assert absent.value.code == "no_such_document"
    assert len(scene.lines()) == 1


def test_what_was_deposited_since_is_found_under_a_new_grant(scene: Scene) -> None:
    scene.frame()
    before = scene.opened()
    reading = before.read(before.instances()[0])
    more = scene.patient.ct(slices=3, size=32)[2:]
    assert scene.room.coffre.stow(scene.room.coffre.depositor(), more, scene.patient.ins).status_code == 200
    third = next(
        each["00080018"]["Value"][0]
        for each in scene.patient.call("GET", f"/dicomweb/studies/{scene.study}/instances").json()
        if each["00080018"]["Value"][0] not in {one.sop for one in before.instances()}
    )
    study = scene.opened()
    (instance,) = study.instances(sop=third)
    assert b"".join(study.read(instance)) == more[0]
    assert b"".join(reading) in scene.files, "an answer that was being read goes on"
    assert len(scene.lines()) == 2
    assert len(scene.opened().instances()) == 3
    assert len(scene.lines()) == 2


# what ends it: the next frame is refused


def by_command(scene: Scene, *words: str) -> None:
    answer_of(withdraw(scene.room.coffre, scene.patient, *words))


def guard_of(scene: Scene) -> Guard:
    guard = scene.room.system.guard
    assert isinstance(guard, Guard)
    return guard


def operator_of(scene: Scene) -> Call:
    return Identities(scene.room.system).operator()


def labelled(scene: Scene) -> None:
    (document,) = scene.patient.documents()
    answer = scene.patient.call("PUT", f"/documents/{document['id']}/labels", json=["MASQUE_PS"])
    assert answer.status_code == 200


def revoked(scene: Scene) -> None:
    assert scene.patient.call("DELETE", f"/authorisations/{scene.rpps}").status_code == 204


def blocked(scene: Scene) -> None:
    assert scene.patient.call("POST", "/blocks", json={"professional": scene.rpps}).is_success


def token_withdrawn(scene: Scene) -> None:
    guard_of(scene).operator.withdraw_credential(operator_of(scene), jti=number_of(scene.token))


def person_withdrawn(scene: Scene) -> None:
    guard_of(scene).operator.withdraw_credential(operator_of(scene), subject=scene.rpps, structure=PRACTICE)


def token_over(scene: Scene) -> None:
    scene.room.clock.ahead = 13 * 3600


def closed(scene: Scene) -> None:
    put_in_state(guard_of(scene), scene.patient.public_id, RecordState.CLOSED)


ENDS: dict[str, tuple[Callable[[Scene], None], str]] = {
    "mask": (labelled, "no_such_document"),
    "revoke": (revoked, "not_authorised"),
    "block": (blocked, "not_authorised"),
    "close the record": (closed, "not_authorised"),
    "withdraw the study": (lambda scene: by_command(scene, "--all"), "no_such_document"),
    "withdraw the credential": (token_withdrawn, "credential_withdrawn"),
    "expire the token": (token_over, "token_expired"),
    "withdraw all of a person": (person_withdrawn, "credential_withdrawn"),
}


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.requirement("R18")
def test_the_next_frame_is_refused(scene: Scene, kind: str) -> None:
    change, code = ENDS[kind]
    scene.frame()
    change(scene)
    for _ in range(2):
        with pytest.raises(CoffreError) as refused:
            scene.frame()
        assert refused.value.code == code


def test_after_an_opposition_the_next_frame_is_refused(scene: Scene) -> None:
    scene.token = scene.room.coffre.professional(STRANGER, "1750000009")
    scene.purpose, scene.reason = PurposeOfUse.BRIS_DE_GLACE, REASON
    scene.frame()
    modes = {"bris_de_glace": False, "centre_15": True}
    assert scene.patient.call("PUT", "/emergency", json=modes).status_code == 200
    with pytest.raises(Refused) as refused:
        scene.frame()
    assert refused.value.code == "not_authorised"


def test_when_an_authorisation_ends_the_next_frame_is_refused(scene: Scene) -> None:
    until = int(scene.room.clock()) + 30
    answer = scene.patient.call("POST", "/authorisations", json={"professional": scene.rpps, "until": until})
    assert answer.status_code == 201
    scene.frame()
    scene.room.clock.ahead = 31
    with pytest.raises(Refused):
        scene.frame()


def test_a_withdrawn_image_is_refused_and_the_others_go_on(scene: Scene) -> None:
    gone, kept = reversed(scene.opened().instances())
    by_command(scene, "--instance", gone.sop)
    study = scene.opened()
    with pytest.raises(NotFound):
        study.instances(sop=gone.sop)
    assert [each.sop for each in study.instances()] == [kept.sop]
    with pytest.raises(NotFound):
        next(study.read(gone))


def test_an_answer_that_is_being_read_ends_when_the_vault_refuses_the_next_one(scene: Scene) -> None:
    study = scene.opened()
    reading = study.read(study.instances()[0])
    labelled(scene)
    with pytest.raises(NotFound):
        scene.frame()
    with pytest.raises(NotFound):
        list(reading)


def test_a_blob_with_a_hidden_part_is_opened_for_nobody(scene: Scene) -> None:
    """One key would open both. Adoption makes no such blob: here a row is written that says so."""
    (study,) = scene.patient.documents()
    hidden = scene.room.coffre.publish_pdf(scene.room.coffre.depositor(), scene.patient.ins, report_pdf())
    other = UUID(hidden.headers["location"].rpartition("/")[2])
    assert scene.patient.call("PUT", f"/documents/{other}/labels", json=["MASQUE_PS"]).status_code == 200
    scene.frame()
    with closing(sqlite3.connect(scene.room.coffre.data / "vault" / "vault.db")) as rows, rows:
        rows.execute(
            "INSERT INTO blob_document (blob_id, version, document_id) "
            "SELECT blob_id, version, ? FROM blob_document WHERE document_id=?",
            (other.bytes, UUID(study["id"]).bytes),
        )
    with pytest.raises(CoffreError) as refused:
        scene.opened(scene.room.anew())
    assert refused.value.code == "mixed_blob"


# an answer that lasts


def zipped(scene: Scene) -> Iterator[bytes]:
    (document,) = scene.patient.documents()
    opened = scene.room.gateway.dicom_document(scene.call, scene.patient.ins, UUID(document["id"]))
    return study_archive(opened)


def instances(scene: Scene) -> Iterator[bytes]:
    study = scene.opened()
    return (piece for each in study.instances() for piece in study.read(each))


def described(scene: Scene) -> Iterator[object]:
    study = scene.opened()
    return study.metadata(study.instances()[0].series)


def proven(scene: Scene) -> Iterator[bytes]:
    """Asked for by a viewer that proves its key, as each proof is used once (RFC 9449)."""
    coffre, key = scene.room.coffre, ProofKey(new_signing_key()[0])
    bound = coffre.professional(scene.rpps, key=key.thumbprint)
    path = f"/records/{scene.patient.ins}/dicomweb/studies/{scene.study}"
    url = coffre.url + path
    call = Call(token=bound, presented=PresentedProof(key.proof(bound, "GET", url), "GET", url, b""))
    study = scene.room.gateway.study(call, scene.patient.ins, scene.study)
    return (piece for each in study.instances() for piece in study.read(each))


LASTING: dict[str, Callable[[Scene], Iterator[object]]] = {
    "zip": zipped,
    "instances": instances,
    "metadata": described,
    "with a proof": proven,
}


@pytest.mark.parametrize("kind", LASTING)
def test_an_answer_under_way_ends_soon_after_a_revocation(scene: Scene, kind: str) -> None:
    leaving = LASTING[kind](scene)
    next(leaving)
    revoked(scene)
    scene.room.clock.ahead += ASKED_AGAIN_S + 1
    with pytest.raises(Refused) as refused:
        list(leaving)
    assert refused.value.code == "not_authorised"


@pytest.mark.parametrize("kind", LASTING)
def test_and_goes_on_where_nothing_changed(scene: Scene, kind: str) -> None:
    leaving = LASTING[kind](scene)
    next(leaving)
    scene.room.clock.ahead += ASKED_AGAIN_S + 1
    assert list(leaving)
    assert len(scene.lines()) == 1, "its grant has its line already"


# whose it is


def test_nobody_else_reads_under_it(scene: Scene) -> None:
    scene.frame()
    scene.token = scene.room.coffre.professional(STRANGER, "1750000009")
    with pytest.raises(Refused):
        scene.frame()
    scene.token = scene.token[:-4] + "AAAA"
    with pytest.raises(CredentialError):
        scene.frame()


def test_a_record_without_right_and_one_that_is_not_there_are_refused_alike(scene: Scene) -> None:
    other = scene.room.coffre.open_record()
    for locator in (other.ins, str(other.public_id), str(uuid4())):
        with pytest.raises(Refused) as refused:
            scene.room.gateway.study(scene.call, locator, scene.study)
        assert refused.value.code == "not_authorised"


# how long its key is kept


def test_a_key_is_forgotten_after_sixty_seconds_without_use(scene: Scene) -> None:
    (held,) = held_by(scene)
    blob = next(iter(held.holders))
    for _ in range(3):
        scene.room.clock.ahead += IDLE_S - 1
        scene.room.gateway.held.sweep()
        assert held.blob(blob), "used meanwhile"
    scene.room.clock.ahead += IDLE_S
    assert scene.room.gateway.held.sweep() is None, "nothing is held"
    with pytest.raises(ContentClosedError):
        held.blob(blob)
    scene.frame()
    assert len(scene.lines()) == 2, "another one, with its own line"


def test_and_never_kept_longer_than_its_grant(scene: Scene) -> None:
    (held,) = held_by(scene)
    blob = next(iter(held.holders))
    for _ in range(GRANT_S // 50):
        assert held.blob(blob)
        scene.room.clock.ahead += 50
    with pytest.raises(ContentClosedError):
        held.blob(blob)


def held_by(scene: Scene) -> list[OpenedThing]:
    """What the gateway holds after a first frame."""
    scene.frame()
    return [*scene.room.gateway.held._held.values()]


@pytest.mark.parametrize("pause", [IDLE_S, GRANT_S])
def test_an_answer_that_outlives_its_grant_goes_on_under_another_one(scene: Scene, pause: int) -> None:
    """A viewer that reads slowly; the vault decides again, and its log says so."""
    study = scene.opened()
    (instance, *_) = study.instances()
    reading = study.read(instance)
    scene.room.clock.ahead += pause
    scene.room.gateway.held.sweep()
    assert b"".join(reading) in scene.files
    assert len(scene.lines()) == 2


def test_and_ends_where_another_one_is_refused(scene: Scene) -> None:
    study = scene.opened()
    reading = study.read(study.instances()[0])
    revoked(scene)
    scene.room.clock.ahead += GRANT_S
    with pytest.raises(Refused):
        list(reading)


# by its id alone


def test_a_document_is_opened_by_its_id_alone(scene: Scene) -> None:
    coffre, patient, gateway = scene.room.coffre, scene.patient, scene.room.gateway
    content = report_pdf()
    published = coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, content)
    document = UUID(published.json()["id"])
    for _ in range(3):
        assert b"".join(gateway.binary(scene.call, document).pieces) == content
    assert len(scene.lines()) == 1
    stranger = Call(token=coffre.professional(STRANGER, "1750000009"))
    labelled = patient.call("PUT", f"/documents/{document}/labels", json=["MASQUE_PS"])
    assert labelled.status_code == 200
    for call, named in ((scene.call, document), (stranger, document), (scene.call, uuid4())):
        with pytest.raises(NotFound) as absent:
            gateway.binary(call, named)
        assert absent.value.code == "no_such_document"


# over HTTP, of the gateway's own process


def test_over_http_the_next_request_is_refused_too(scene: Scene) -> None:
    coffre, instance = scene.room.coffre, scene.opened().instances()[0]
    record = f"/records/{scene.patient.ins}/dicomweb/studies/{instance.study}"
    path = f"{record}/series/{instance.series}/instances/{instance.sop}/frames/1"
    before = len(scene.lines())

    def status() -> int:
        return coffre.http.get(path, headers=bearer(scene.token)).status_code

    assert [status() for _ in range(3)] == [200, 200, 200]
    assert len(scene.lines()) == before + 1
    labelled(scene)
    assert status() == 404
    (document,) = scene.patient.documents()
    assert scene.patient.call("PUT", f"/documents/{document['id']}/labels", json=[]).status_code == 200
    assert status() == 200
    revoked(scene)
    assert status() == 403


def test_damage_met_once_an_answer_has_begun_ends_its_connection(scene: Scene) -> None:
    """Its length was promised: nobody takes what came for the whole."""
    coffre, patient = scene.room.coffre, scene.patient
    files = patient.ct(slices=1, size=1024, seed=9)
    assert coffre.stow(coffre.depositor(), files, patient.ins).status_code == 200
    study = patient.documents()[0]["study_uid"]
    opened = scene.room.gateway.study(scene.call, patient.ins, study)
    (instance,) = opened.instances()
    path = (
        f"/records/{patient.ins}/dicomweb/studies/{study}/series/{instance.series}/instances/{instance.sop}"
    )
    accept = {"Accept": 'multipart/related; type="application/dicom"', **bearer(scene.token)}
    assert files[0] in coffre.http.get(path, headers=accept).content
    (stored,) = (coffre.data / "objects").glob(f"b/*/{instance.place.blob_id}/*")
    sealed = stored.read_bytes()
    altered = bytearray(sealed)
    altered[-40] ^= 1
    stored.write_bytes(altered)
    try:
        with (
            pytest.raises(httpx.RemoteProtocolError),
            coffre.http.stream("GET", path, headers=accept) as answer,
        ):
            assert answer.status_code == 200
            for _ in answer.iter_raw():
                pass
    finally:
        stored.write_bytes(sealed)  # other tests check the whole of this installation
