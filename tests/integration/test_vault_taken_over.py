"""A taken-over reader against the vault as a process (docs/formats.md section 6.9), line by line.

It has the index, the internal ids and the reader's door, and makes every call it likes: over the Unix socket,
and over mutual TLS with the reader's certificate.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from audit.canonical import canonical, parse
from coffre.demo_authority.identities import Identities
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.credentials.authority import Authority
from keyvault.credentials.tokens import DEMO_ISSUER, CredentialError
from keyvault.grants.grant import GrantError, new_recipient, open_grant
from keyvault.process.client import RemoteGuard, connect
from keyvault.process.service import client_context
from keyvault.verbs.attempt import Call, Denied
from keyvault.verbs.reader.changing import CardChange
from keyvault.verbs.reader.reading import Disclosed, ResolvedRecord
from keyvault.verbs.reader.releasing import Released
from keyvault.verbs.rows import SealedRow, sealed_rows
from records.base64url import b64, unb64
from records.consent import Emergency
from records.errors import CoffreError, NotFound
from records.identity import INS, INS_NIR_TEST
from records.vocabulary.codes import Action, Environment, PurposeOfUse, ReasonCode, Role
from tests.integration.running import process
from tests.integration.support import DOCTOR, PRACTICE, STRANGER, Coffre, Patient
from tests.services.authority import Authority as CertificateAuthority
from tests.services.processes import free_port

OPPOSED = {"bris_de_glace": False, "centre_15": False}
REASON = "Patient inconscient aux urgences"
TLS = ("vault_tls_certificate", "vault_tls_key", "vault_tls_authority")


@dataclass(frozen=True)
class Target:
    """A record as the index shows it to a reader, and its holder's credential."""

    ins: str
    holder: Call
    record_id: UUID
    rows: Sequence[SealedRow]


@dataclass(frozen=True)
class TakenOver:
    """What the attacker holds: the reader's doors, and tokens of live callers. `witness` sees the log."""

    guard: RemoteGuard
    witness: RemoteGuard
    audience: str
    authorised: Target
    opposed: Target
    doctor: Call
    stranger: Call
    operator: Call
    depositor: Call

    def release(
        self, call: Call, target: Target, rows: Sequence[SealedRow] | None = None
    ) -> tuple[Released | Denied, bytes]:
        private, public = new_recipient()
        given = target.rows if rows is None else rows
        answer = self.guard.reader.release(
            call, target.record_id, given, documents=None, recipient=public, suite=1
        )
        return answer, private

    def blobs(self, call: Call, target: Target, rows: Sequence[SealedRow] | None = None) -> int:
        """How many objects a permitted grant opens."""
        answer, private = self.release(call, target, rows)
        assert isinstance(answer, Released), answer
        keys = {key.key_id: key.public for key in self.guard.public.public_keys() if key.use == "grant"}
        return len(open_grant(answer.grant, private, keys, answer.grant["issued"]).blobs)

    def told(self, target: Target) -> list[dict[str, object]]:
        """The lines of a record's log, newest first; reading them is one more, which is left out."""
        page = self.guard.reader.events(target.holder, target.record_id)
        assert not isinstance(page, Denied)
        return [dict(line) for line in page.events if line["action"] != "read_log"]


@dataclass(frozen=True)
class Doors:
    """Where the vault listens: its settings, and how a process comes through the doors it was given."""

    env: dict[str, str]
    settings: dict[str, object]
    through: Callable[[str], RemoteGuard]


def by_socket(folder: Path) -> Doors:
    url = f"unix://{folder}/doors"
    return Doors({"COFFRE_VAULT_URL": url}, {"vault_url": url}, lambda _: connect(url))


def by_mutual_tls(folder: Path) -> Doors:
    authority, url = CertificateAuthority(folder / "authority"), f"https://127.0.0.1:{free_port()}"
    settings = dict(zip(TLS, authority.issue("vault"), strict=True))
    env = {f"COFFRE_{name.upper()}": str(path) for name, path in settings.items()}
    return Doors(
        {"COFFRE_VAULT_URL": url, **env},
        {"vault_url": url, **settings},
        lambda doors: connect(url, tls=client_context(*authority.issue(doors))),
    )


@pytest.fixture(scope="module", params=[by_socket, by_mutual_tls], ids=["socket", "mutual TLS"])
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TakenOver]:
    folder = tmp_path_factory.mktemp("taken-over")
    data = folder / "data"
    initialise(load(data=data))
    with DemoServer(data) as server:
        coffre = Coffre(data, server)
        patients = [coffre.open_record() for _ in range(2)]
        lab = coffre.depositor()
        for patient in patients:
            assert coffre.stow(lab, patient.ct(slices=2, size=16), patient.ins).status_code == 200
            patient.authorise()
        assert patients[1].call("PUT", "/emergency", json=OPPOSED).status_code == 200
        doctor = Call(token=coffre.professional())
        stranger = Call(token=coffre.professional(STRANGER, "1750000009"))
    doors: Doors = request.param(folder)
    with process("vault", "serve", "--data", str(data), env=doors.env):
        guard, witness = doors.through("public+reader"), doors.through("inspector")
        with System(load(data=data, **doors.settings)) as system:
            targets = [target_of(system, guard, patient) for patient in patients]
            operator = Identities(system).operator()
            claims = parse(unb64(doctor.token.split(".")[1]))
        yield TakenOver(guard, witness, claims["aud"], *targets, doctor, stranger, operator, Call(token=lab))


def target_of(system: System, guard: RemoteGuard, patient: Patient) -> Target:
    holder = Call(token=patient.token)
    record = guard.reader.resolve(holder, patient.ins)
    assert isinstance(record, ResolvedRecord)
    documents = system.index.documents(record.record_id, limit=10)
    rows = sealed_rows(row for _, details in documents for row in details)
    assert rows
    return Target(patient.ins, holder, record.record_id, rows)


def unsigned(reader: TakenOver) -> Iterator[tuple[str, str]]:
    """Actors that the reader makes up, from nothing or from a live caller's token."""
    header, claims, signature = reader.stranger.token.split(".")
    believed = parse(unb64(claims))
    promoted = b64(canonical({**believed, "rpps": DOCTOR}))
    none = b64(canonical({"alg": "none", "typ": "coffre+jwt"}))
    own = Authority(bytes(range(32)), environment=Environment.DEMO)
    yield "empty", ""
    yield "no token", "x"
    yield (
        "signed by itself",
        own.issue(
            role=Role.PATIENT,
            subject="x",
            audience=reader.audience,
            now=int(believed["iat"]),
            ins=INS(reader.authorised.ins, INS_NIR_TEST),
        ),
    )
    yield "another professional", f"{header}.{promoted}.{signature}"
    yield "longer life", f"{header}.{b64(canonical({**believed, 'exp': believed['exp'] + 3600}))}.{signature}"
    yield "another structure", f"{header}.{b64(canonical({**believed, 'structure': PRACTICE}))}.{signature}"
    yield "without signature", f"{none}.{promoted}."
    yield "algorithm none", f"{none}.{promoted}.{signature}"


INVENTED = (
    "empty",
    "no token",
    "signed by itself",
    "another professional",
    "longer life",
    "another structure",
    "without signature",
    "algorithm none",
)


@pytest.mark.parametrize("kind", INVENTED)
def test_an_invented_actor_is_accepted_by_no_verb(reader: TakenOver, kind: str) -> None:
    call = Call(token=dict(unsigned(reader))[kind])
    target = reader.authorised
    before = reader.witness.inspector.verify_log().events
    wanted = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(True, True))
    verbs: Sequence[Callable[[], object]] = (
        lambda: reader.guard.reader.resolve(call, target.ins),
        lambda: reader.guard.reader.documents(call, target.record_id, target.rows),
        lambda: reader.release(call, target),
        lambda: reader.guard.reader.events(call, target.record_id),
        lambda: reader.guard.reader.change_card(call, target.record_id, wanted),
    )
    for verb in verbs:
        with pytest.raises(CredentialError):
            verb()
    # the first of the hour has its line, the others are counted (tests/integration/vault/test_refusals.py)
    assert reader.witness.inspector.verify_log().events - before in (0, 1)


def test_the_demo_s_issuer_is_not_enough_to_be_accepted(reader: TakenOver) -> None:
    assert parse(unb64(dict(unsigned(reader))["signed by itself"].split(".")[1]))["iss"] == DEMO_ISSUER


@pytest.mark.parametrize("who", ["stranger", "another holder", "operator", "depositor"])
def test_its_own_recipient_key_gets_nothing_where_nobody_is_entitled(reader: TakenOver, who: str) -> None:
    callers = {
        "stranger": reader.stranger,
        "another holder": reader.opposed.holder,
        "operator": reader.operator,
        "depositor": reader.depositor,
    }
    before = len(reader.told(reader.authorised))
    answer, _ = reader.release(callers[who], reader.authorised)
    assert isinstance(answer, Denied)
    lines = reader.told(reader.authorised)
    assert len(lines) == before + 1
    assert (lines[0]["action"], lines[0]["outcome"]) == ("retrieve", "deny")


def test_a_grant_for_one_recipient_does_not_become_anothers(reader: TakenOver) -> None:
    released, _ = reader.release(reader.doctor, reader.authorised)
    assert isinstance(released, Released)
    private, public = new_recipient()
    keys = {key.key_id: key.public for key in reader.guard.public.public_keys() if key.use == "grant"}
    with pytest.raises(GrantError) as refused:
        open_grant({**released.grant, "recipient": b64(public)}, private, keys, released.grant["issued"])
    assert refused.value.code == "grant_unsigned"


@pytest.mark.parametrize("purpose", [PurposeOfUse.BRIS_DE_GLACE, PurposeOfUse.CENTRE_15])
def test_an_opposed_emergency_stays_closed(reader: TakenOver, purpose: PurposeOfUse) -> None:
    call = replace(reader.stranger, purpose=purpose, reason=REASON)
    answer, _ = reader.release(call, reader.opposed)
    assert isinstance(answer, Denied)
    listing = reader.guard.reader.documents(call, reader.opposed.record_id, reader.opposed.rows)
    assert isinstance(listing, Denied)


def test_it_cannot_flip_the_opposition_without_the_holder(reader: TakenOver) -> None:
    wanted = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(True, True))
    glass = replace(reader.stranger, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    for call in (glass, reader.stranger, reader.doctor, reader.authorised.holder, reader.operator):
        answer = reader.guard.reader.change_card(call, reader.opposed.record_id, wanted)
        assert isinstance(answer, Denied)
    refused, _ = reader.release(glass, reader.opposed)
    assert isinstance(refused, Denied) and refused.reason is ReasonCode.OPTED_OUT


def rewritten(target: Target, other: Target) -> Iterator[tuple[str, SealedRow]]:
    row, foreign = target.rows[0], other.rows[0]
    yield "altered bytes", replace(row, sealed=bytes([row.sealed[0] ^ 1]) + row.sealed[1:])
    yield "another record's content", replace(row, sealed=foreign.sealed)
    yield "another document's id", replace(row, document_id=foreign.document_id)
    yield "another version", replace(row, row_version=row.row_version + 1)
    yield "another submission", replace(row, submission_id=foreign.submission_id)
    yield "another record's row", foreign


@pytest.mark.parametrize(
    "kind",
    [
        "altered bytes",
        "another record's content",
        "another document's id",
        "another version",
        "another submission",
        "another record's row",
    ],
)
def test_rewritten_index_rows_show_and_open_nothing(reader: TakenOver, kind: str) -> None:
    row = dict(rewritten(reader.authorised, reader.opposed))[kind]
    try:
        listing = reader.guard.reader.documents(reader.doctor, reader.authorised.record_id, [row])
    except CoffreError as error:
        assert error.code == "index_altered"
    else:
        assert isinstance(listing, Disclosed) and listing.documents == ()
    try:
        answer, _ = reader.release(reader.doctor, reader.authorised, [row])
    except (NotFound, CoffreError) as error:
        assert error.code in ("index_altered", "no_such_document")
    else:
        assert isinstance(answer, Released) and answer.objects == ()


def test_genuine_rows_do_open(reader: TakenOver) -> None:
    """Else the refusals above would say nothing."""
    listing = reader.guard.reader.documents(
        reader.doctor, reader.authorised.record_id, reader.authorised.rows
    )
    assert isinstance(listing, Disclosed) and len(listing.documents) == 1
    assert reader.blobs(reader.doctor, reader.authorised) > 0


def test_no_disclosure_skips_the_log(reader: TakenOver) -> None:
    """Straight to the verb that discloses, without resolving first: the line comes with the answer."""
    target = reader.authorised
    before = len(reader.told(target))
    reader.guard.reader.documents(reader.doctor, target.record_id, target.rows)
    reader.blobs(reader.doctor, target)
    lines = reader.told(target)
    assert len(lines) == before + 2
    assert [line["action"] for line in lines[:2]] == ["retrieve", "search"]
    assert {line["outcome"] for line in lines[:2]} == {"permit"}


def test_a_burst_over_many_records_stops_at_the_quota(reader: TakenOver) -> None:
    """Even for somebody who is entitled. Last: it uses the doctor's quota up."""
    assert reader.blobs(reader.doctor, reader.authorised) > 0
    for number in range(200):
        reader.guard.reader.documents(reader.doctor, UUID(int=number + 1), [])
    for target in (reader.authorised, reader.opposed):
        answer, _ = reader.release(reader.doctor, target)
        assert answer == Denied(ReasonCode.QUOTA_EXCEEDED)
