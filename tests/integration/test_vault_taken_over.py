"""A taken-over reader or gateway against the vault as a process (docs/formats.md section 6.9), line by line.

It has the index, the internal ids and a door of its own, and makes every call it likes: over the Unix socket,
and over mutual TLS with its certificate.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from audit.canonical import canonical, parse
from coffre.demo_authority.identities import Identities
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.credentials.refusing import CredentialError
from keyvault.grants.grant import GrantError, new_recipient, open_grant
from keyvault.process.client import RemoteGuard, connect
from keyvault.process.guard import GatewayDoor, ReaderDoor
from keyvault.process.tls import client_context
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.reader.holder.changing import CardChange
from keyvault.verbs.rows import SealedRow, sealed_rows
from records.card.card import Emergency
from records.errors import CoffreError, NotFound
from records.people.identity import INS, INS_NIR_TEST
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Action, Environment, PurposeOfUse, ReasonCode, Role
from tests.integration.running import process
from tests.integration.support import COLLEAGUE, DOCTOR, PRACTICE, STRANGER, Coffre, Patient
from tests.services.authority import Authority as CertificateAuthority
from tests.services.processes import free_port
from tests.services.warm import WarmServer

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
    """What the attacker holds: a door, and tokens of live callers. `witness` sees the log."""

    name: str
    guard: RemoteGuard
    witness: RemoteGuard
    audience: str
    authorised: Target
    opposed: Target
    doctor: Call
    stranger: Call
    operator: Call
    depositor: Call

    @property
    def door(self) -> ReaderDoor | GatewayDoor:
        return self.guard.gateway if self.name == "gateway" else self.guard.reader

    def release(
        self, call: Call, target: Target, rows: Sequence[SealedRow] | None = None
    ) -> tuple[Released | Denied, bytes]:
        private, public = new_recipient()
        given = target.rows if rows is None else rows
        answer = self.door.release(call, target.record_id, given, documents=None, recipient=public, suite=1)
        return answer, private

    def blobs(self, call: Call, target: Target, rows: Sequence[SealedRow] | None = None) -> int:
        """How many objects a permitted grant opens."""
        answer, private = self.release(call, target, rows)
        assert isinstance(answer, Released), answer
        keys = {key.key_id: key.public for key in self.guard.public.public_keys() if key.use == "grant"}
        return len(open_grant(answer.grant, private, keys, answer.grant["issued"]).blobs)

    def told(self, target: Target) -> list[dict[str, object]]:
        """The lines of a record's log, newest first; reading them is one more, which is left out."""
        page = self.door.events(target.holder, target.record_id)
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


OF_DOOR = {"reader": DOCTOR, "gateway": COLLEAGUE}
"""The doctor whose live token each of them sees: a quota that the one used up is not the other's."""


@pytest.fixture(scope="module", params=[by_socket, by_mutual_tls], ids=["socket", "mutual TLS"])
def taken_over(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, TakenOver]]:
    folder = tmp_path_factory.mktemp("taken-over")
    data = folder / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        coffre = Coffre(data, server)
        patients = [coffre.open_record() for _ in range(2)]
        lab = coffre.depositor()
        for patient in patients:
            assert coffre.stow(lab, patient.ct(slices=2, size=16), patient.ins).status_code == 200
            for rpps in OF_DOOR.values():
                patient.authorise(rpps)
        assert patients[1].call("PUT", "/emergency", json=OPPOSED).status_code == 200
        doctors = {name: Call(token=coffre.professional(rpps)) for name, rpps in OF_DOOR.items()}
        stranger = Call(token=coffre.professional(STRANGER, "1750000009"))
    doors: Doors = request.param(folder)
    with process("vault", "serve", "--data", str(data), env=doors.env):
        guard, witness = doors.through("public+reader"), doors.through("inspector")
        with System(load(data=data, **doors.settings)) as system:
            targets = [target_of(system, guard, patient) for patient in patients]
            operator = Identities(system).operator()
            claims = parse(unb64(stranger.token.split(".")[1]))
        depositor = Call(token=lab)
        yield {
            name: TakenOver(
                name,
                doors.through(f"public+{name}"),
                witness,
                claims["aud"],
                *targets,
                doctors[name],
                stranger,
                operator,
                depositor,
            )
            for name in OF_DOOR
        }


@pytest.fixture(params=OF_DOOR)
def reader(request: pytest.FixtureRequest, taken_over: dict[str, TakenOver]) -> TakenOver:
    return taken_over[request.param]


@pytest.fixture
def gateway(taken_over: dict[str, TakenOver]) -> TakenOver:
    return taken_over["gateway"]


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
        lambda: reader.door.resolve(call, target.ins),
        lambda: reader.door.documents(call, target.record_id, target.rows),
        lambda: reader.release(call, target),
        lambda: reader.door.events(call, target.record_id),
        lambda: reader.door.change_card(call, target.record_id, wanted),
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
    # the first refusal of an hour has its line: the same caller's through the other door is counted with it
    assert len(lines) == before + (reader.name == "reader")
    assert ("retrieve", "deny") in {(line["action"], line["outcome"]) for line in lines}


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
    listing = reader.door.documents(call, reader.opposed.record_id, reader.opposed.rows)
    assert isinstance(listing, Denied)


def test_it_cannot_flip_the_opposition_without_the_holder(reader: TakenOver) -> None:
    wanted = CardChange(action=Action.SET_EMERGENCY, emergency=Emergency(True, True))
    glass = replace(reader.stranger, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    for call in (glass, reader.stranger, reader.doctor, reader.authorised.holder, reader.operator):
        answer = reader.door.change_card(call, reader.opposed.record_id, wanted)
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
        listing = reader.door.documents(reader.doctor, reader.authorised.record_id, [row])
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
    listing = reader.door.documents(reader.doctor, reader.authorised.record_id, reader.authorised.rows)
    assert isinstance(listing, Disclosed) and len(listing.documents) == 1
    assert reader.blobs(reader.doctor, reader.authorised) > 0


def test_no_disclosure_skips_the_log(reader: TakenOver) -> None:
    """Straight to the verb that discloses, without resolving first: the line comes with the answer."""
    target = reader.authorised
    before = len(reader.told(target))
    reader.door.documents(reader.doctor, target.record_id, target.rows)
    reader.blobs(reader.doctor, target)
    lines = reader.told(target)
    assert len(lines) == before + 2
    assert [line["action"] for line in lines[:2]] == ["retrieve", "search"]
    assert {line["outcome"] for line in lines[:2]} == {"permit"}


# the gateway alone


def held(gateway: TakenOver, call: Call) -> UUID:
    answer, _ = gateway.release(call, gateway.authorised)
    assert isinstance(answer, Released)
    return UUID(answer.grant["id"])


def test_every_line_of_what_a_gateway_opens_says_so(gateway: TakenOver) -> None:
    held(gateway, gateway.doctor)
    line = gateway.told(gateway.authorised)[0]
    assert (line["action"], line["opened_by"]) == ("retrieve", "gateway")


@pytest.mark.parametrize("kind", INVENTED)
def test_an_invented_actor_keeps_no_grant_held(gateway: TakenOver, kind: str) -> None:
    grant, target = held(gateway, gateway.doctor), gateway.authorised
    with pytest.raises(CredentialError):
        gateway.guard.gateway.recheck_held(Call(token=dict(unsigned(gateway))[kind]), target.ins, grant)


@pytest.mark.parametrize("who", ["stranger", "holder", "operator", "depositor"])
def test_a_grant_is_held_for_nobody_but_its_credential(gateway: TakenOver, who: str) -> None:
    callers = {
        "stranger": gateway.stranger,
        "holder": gateway.authorised.holder,
        "operator": gateway.operator,
        "depositor": gateway.depositor,
    }
    grant = held(gateway, gateway.doctor)
    before = gateway.witness.inspector.verify_log().events
    with pytest.raises(NotFound):
        gateway.guard.gateway.recheck_held(callers[who], gateway.authorised.ins, grant)
    assert gateway.witness.inspector.verify_log().events - before in (0, 1)


def test_nor_in_a_record_or_for_a_purpose_that_is_not_its_own(gateway: TakenOver) -> None:
    grant = held(gateway, gateway.doctor)
    glass = replace(gateway.doctor, purpose=PurposeOfUse.BRIS_DE_GLACE, reason=REASON)
    for call, target in ((gateway.doctor, gateway.opposed), (glass, gateway.authorised)):
        with pytest.raises(NotFound):
            gateway.guard.gateway.recheck_held(call, target.ins, grant)
    assert gateway.guard.gateway.recheck_held(gateway.doctor, gateway.authorised.ins, grant) is True


def test_it_takes_no_new_addresses_and_comes_through_no_other_door(gateway: TakenOver) -> None:
    assert not hasattr(gateway.guard.gateway, "renew")


def test_a_burst_over_many_records_stops_at_the_quota(reader: TakenOver) -> None:
    """Even for somebody who is entitled. Last: it uses this doctor's quota up."""
    assert reader.blobs(reader.doctor, reader.authorised) > 0
    for number in range(200):
        reader.door.documents(reader.doctor, UUID(int=number + 1), [])
    for target in (reader.authorised, reader.opposed):
        answer, _ = reader.release(reader.doctor, target)
        assert answer == Denied(ReasonCode.QUOTA_EXCEEDED)
