"""Routes about a record and how each is asked, for `test_every_route_logs.py`; and those that log nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from keyvault.grants.grant import new_recipient
from records.text.base64url import b64

BLOCKED = "1750000099"
REASON = "Patient inconscient, urgence vitale"
IN_EMERGENCY = {"purpose": "bris_de_glace", "reason": REASON}
Route = tuple[str, str]

SILENT: Mapping[str, frozenset[Route]] = {
    "no record is named": frozenset(
        {
            ("GET", "/health/live"),
            ("GET", "/health/ready"),
            ("GET", "/metrics"),
            ("GET", "/openapi.json"),
            ("GET", "/fhir/metadata"),
            ("GET", "/static/{name:path}"),
            ("GET", "/viewer/{name:path}"),
            ("GET", "/opener/{name}"),
            ("GET", "/opener/{version}/{name}"),
            ("GET", "/link/{code}"),
            ("POST", "/sign-out"),
            ("GET", "/sign-in"),
            ("POST", "/sign-in"),
            ("GET", "/sign-in/code"),
            ("POST", "/sign-in/code"),
            ("POST", "/sign-in/code/send"),
            ("GET", "/sign-in/letter"),
            ("POST", "/sign-in/letter"),
            ("GET", "/sign-in/contact"),
            ("POST", "/sign-in/contact"),
            ("GET", "/sign-in/contact/code"),
            ("POST", "/sign-in/contact/code"),
            ("GET", "/sign-in/password"),
            ("POST", "/sign-in/password"),
            ("GET", "/sign-in/browser"),
            ("POST", "/sign-in/browser"),
            ("POST", "/sign-in/browser/send"),
            ("GET", "/sign-in/recover"),
            ("POST", "/sign-in/recover"),
            ("GET", "/sign-in/open"),
            ("POST", "/sign-in/open"),
            ("GET", "/sign-in/accounts"),
            ("GET", "/sign-in/encore"),
            ("GET", "/sign-in/lieu"),
            ("POST", "/sign-in/lieu"),
            ("GET", "/sign-in/sessions"),
            ("POST", "/sign-in/sessions/end"),
            ("GET", "/profil/nouveau/{kind}"),
            ("GET", "/deposer"),
            ("GET", "/audit/checkpoint"),
            ("GET", "/audit/proof/{leaf}"),
            ("POST", "/audit/proofs"),
            ("GET", "/audit/consistency/{old}/{new}"),
            ("GET", "/audit/tile/{level}/{number}"),
            ("GET", "/audit/keys"),
        }
    ),
    "a deposit is answered alike whether there is a record, and its verdict is its depositor's": frozenset(
        {
            ("POST", "/dicomweb/studies"),
            ("POST", "/dicomweb/studies/{study}"),
            ("POST", "/records/{ins}/dicomweb/studies"),
            ("POST", "/records/{ins}/dicomweb/studies/{study}"),
            ("POST", "/fhir"),
            ("POST", "/fhir/DocumentReference"),
            ("POST", "/fhir/{declared}"),
            ("PUT", "/fhir/{declared}/{entry}"),
            ("POST", "/profil"),
            ("POST", "/deposer"),
        }
    ),
    "the sign-in tells the log, once the account is opened (test_opening_accounts.py)": frozenset(
        {("POST", "/accounts"), ("POST", "/sign-in/accounts")}
    ),
    "of one's own deposit, with a line where there is news (test_refusing.py)": frozenset(
        {("GET", "/submissions/{submission_id}")}
    ),
    "no record is named, and its line is on chain 0 (test_own_log.py)": frozenset(
        {("GET", "/me/access-log"), ("GET", "/mes-consultations")}
    ),
    "the line is that of the caller's own grant, a refusal has its own": frozenset(
        {("POST", "/grants/{grant_id}/urls"), ("GET", "/objects/{blob}/{version}")}
    ),
    "no record is named, and who is no author is told of none (test_refusing.py)": frozenset(
        {
            ("DELETE", "/fhir/DocumentReference/{id}"),
            ("PATCH", "/fhir/DocumentReference/{id}"),
            ("PATCH", "/fhir/DocumentReference"),  # where it searches, like every search
            ("POST", "/dossier/{record}/documents/{document_id}/archives"),
            ("POST", "/dossier/{record}/documents/{document_id}/suppression"),
        }
    ),
    "what lies under quarantine is in nobody's record (test_quarantine.py)": frozenset(
        {
            ("GET", "/quarantine"),
            ("GET", "/quarantine/{document_id}"),
            ("POST", "/quarantine/{document_id}/release"),
            ("POST", "/quarantine/{document_id}/destroy"),
        }
    ),
}


@dataclass(frozen=True)
class Place:
    """A record, and something in it."""

    ins: str
    record: UUID
    study: str
    series: str
    sop: str
    images: UUID  # the study as a document
    pdf: UUID
    sent: UUID  # the submission that brought it
    own: UUID  # a document for its holder to label
    told: UUID  # one that is announced to its patient
    entry: UUID  # what the patient declared herself
    team: UUID = field(default_factory=uuid4)

    @property
    def address(self) -> dict[str, str]:
        named = {"study": self.study, "uid": self.series, "sop": self.sop, "id": str(self.pdf)}
        record = {"ins": self.ins, "record": str(self.record), "frames": "1", "path": "7FE00010"}
        named["name"] = f"{self.record.hex}{self.sent.hex}"
        return {
            **named,
            **record,
            "professional": "899700099990",
            "kind": "email",
            "code": "31",
            "structure": "1750000002",
            "notice_id": str(uuid4()),
            "team": str(self.team),
            "declared": "AllergyIntolerance",
            "entry": str(self.entry),
            "version": str(self.entry),
        }


Body = Callable[[Place], dict[str, Any]]


def grant(**things: Any) -> dict[str, Any]:
    return {"recipient": b64(new_recipient()[1]), **things}


@dataclass(frozen=True)
class Row:
    """A route and how it is asked. `lines` are those of each case, one where it says nothing."""

    method: str
    template: str
    body: Body | None = None
    name: str = ""
    things: bool = False  # it names something in the record: hidden and absent are cases
    holder: bool = False  # the holder's alone
    of_all: bool = False  # it takes no right to consult: who is refused is blocked
    page: bool = False
    attending: bool = False  # for attending doctors, no other professional
    calm: bool = False  # in an emergency it is refused
    form: bool = False  # its body is a form, as FHIR has it
    query: str = ""
    searched: bool = True  # its answer is looked for in the index
    by_id: bool = False  # no record is named: an emergency begins where something is shown
    document: Callable[[Place], UUID] = field(default=lambda place: place.pdf)
    lines: Mapping[str, int] = field(default_factory=dict)
    refused_to_all: int = 0  # what it asks for is refused whoever asks, after the decision

    @property
    def route(self) -> Route:
        return "GET" if self.method == "HEAD" else self.method, self.template

    @property
    def cases(self) -> list[str]:
        others = ["nobody"] if self.holder and self.page else ["refused", "nobody"]  # whose page would it be
        return ["permit", *(["hidden", "absent"] if self.things else []), *others]

    @property
    def emergencies(self) -> bool:
        return not self.calm and not (self.page and (self.method in ("GET", "HEAD") or self.holder))

    @property
    def looks_for_it(self) -> bool:
        """Whether an emergency begins with looking for the record: that there is one has its own line."""
        return not (self.by_id or self.template == "/records/find")

    def __str__(self) -> str:
        return f"{self.method} {self.template} {self.name}".strip()


def number(_: Place) -> dict[str, Any]:
    return {"professional": "899700099990"}


def address(_: Place) -> dict[str, Any]:
    return {"address": f"{uuid4().hex}@example.fr"}


def team(_: Place) -> dict[str, Any]:
    return {"request": str(uuid4()), "name": "Équipe", "members": ["899700099990"]}


def images(place: Place) -> UUID:
    return place.images


def entry(place: Place) -> UUID:
    return place.entry


STUDY = "/records/{ins}/dicomweb/studies/{study}"
FOUND_AGAIN = {"hidden": 2, "absent": 2}  # the page of what isn't found lists its record anew
PICTURES = [
    Row("GET", f"{STUDY}{below}/{form}", things=True)
    for below in ("", "/series/{uid}", "/series/{uid}/instances/{sop}")
    for form in ("rendered", "thumbnail")
]
PICTURES += [
    Row("GET", f"{STUDY}/series/{{uid}}/instances/{{sop}}/frames/{{frames}}/{form}", things=True)
    for form in ("rendered", "thumbnail")
]
ROWS = [
    Row("POST", "/records/find", lambda p: {"ins": p.ins}, searched=False),
    Row("GET", "/records/{ins}/documents"),
    Row(
        "POST",
        "/records/{ins}/consents",
        lambda p: {"request": str(uuid4()), "how": "spoken"},
        of_all=True,
        calm=True,
        searched=False,
    ),
    Row("POST", "/records/{ins}/teams", team, holder=True),
    Row("GET", "/records/{ins}/teams/{team}", searched=False),
    Row("POST", "/records/{ins}/teams/{team}/members", lambda p: {"members": ["899700012345"]}, holder=True),
    Row("DELETE", "/records/{ins}/teams/{team}/members/{professional}", holder=True),
    Row("GET", "/equipes", holder=True, page=True),
    Row(
        "POST",
        "/equipes",
        lambda p: {"demande": str(uuid4()), "name": "Équipe", "members": "99700099990"},
        holder=True,
        page=True,
    ),
    Row("GET", "/equipes/{team}", holder=True, page=True),
    Row("POST", "/equipes/{team}", lambda p: {"members": "99700012345"}, holder=True, page=True),
    Row("POST", "/equipes/{team}/depart", number, holder=True, page=True),
    Row(
        "POST",
        "/accord",
        lambda p: {"ins": p.ins, "demande": str(uuid4()), "how": "spoken"},
        page=True,
        calm=True,
        of_all=True,
        searched=False,
    ),
    Row("POST", "/equipes/{team}/fin", lambda p: {}, holder=True, page=True),
    Row("DELETE", "/records/{ins}/teams/{team}", holder=True),
    # everybody's consent ends: a doctor of the rows that follow is authorised anew
    Row("DELETE", "/records/{ins}/consent", holder=True),
    Row("PUT", "/records/{ins}/consent", holder=True),
    Row("GET", "/records/{ins}/authorisations", searched=False),
    Row("GET", "/records/{ins}/access-log", holder=True),
    Row(
        "PUT",
        "/records/{ins}/documents/{document_id}/labels",
        lambda p: ["MASQUE_PS"],  # type: ignore[arg-type,return-value]
        holder=True,
        things=True,
        document=lambda p: p.own,
    ),
    Row("GET", "/records/{ins}/notices", holder=True),
    Row(
        "POST",
        "/records/{ins}/documents/{document_id}/announcement",
        searched=False,
        calm=True,
        things=True,
        document=lambda p: p.told,
    ),
    Row(
        "PUT",
        "/records/{ins}/documents/{document_id}/refusal",
        lambda p: {"reason": "Erreur de dossier"},
        holder=True,
        things=True,
        searched=False,
        document=lambda p: p.own,
    ),
    Row(
        "DELETE",
        "/records/{ins}/documents/{document_id}/refusal",
        holder=True,
        things=True,
        searched=False,
        document=lambda p: p.own,
    ),
    Row("DELETE", "/records/{ins}/notices/{notice_id}", holder=True),
    Row("GET", "/records/{ins}/contacts", holder=True),
    Row("PUT", "/records/{ins}/contacts/{kind}", address, holder=True),
    Row(
        "POST",
        "/records/{ins}/contacts/{kind}/confirmation",
        lambda p: {"code": "000000"},
        holder=True,
        refused_to_all=422,
    ),
    Row("DELETE", "/records/{ins}/contacts/{kind}", holder=True),
    Row("POST", "/records/{ins}/authorisations", number, holder=True),
    Row("GET", "/records/{ins}/authorisations/{professional}", searched=False),
    Row(
        "PUT",
        "/records/{ins}/authorisations/{professional}/chosen",
        lambda p: {"documents": []},
        holder=True,
    ),
    Row("DELETE", "/records/{ins}/authorisations/{professional}", holder=True),
    Row("POST", "/records/{ins}/blocks", number, holder=True),
    Row("DELETE", "/records/{ins}/blocks/{professional}", holder=True),
    Row("POST", "/records/{ins}/blocked-structures", lambda p: {"structure": "1750000002"}, holder=True),
    Row("DELETE", "/records/{ins}/blocked-structures/{structure}", holder=True),
    Row("POST", "/records/{ins}/refused-structures", lambda p: {"structure": "1750000002"}, holder=True),
    Row("DELETE", "/records/{ins}/refused-structures/{structure}", holder=True),
    Row("POST", "/records/{ins}/refused-kinds", lambda p: {"kind": "31"}, holder=True),
    Row("DELETE", "/records/{ins}/refused-kinds/{code}", holder=True),
    Row("POST", "/records/{ins}/attending-doctors", number, holder=True),
    Row("DELETE", "/records/{ins}/attending-doctors/{professional}", holder=True),
    Row(
        "PUT",
        "/records/{ins}/emergency",
        lambda p: {"bris_de_glace": True, "centre_15": True},
        holder=True,
    ),
    Row("GET", "/dicomweb/studies", query="?PatientID={ins}"),
    Row("GET", "/dicomweb/series", query="?PatientID={ins}"),
    Row("GET", "/dicomweb/instances", query="?PatientID={ins}&limit=1"),
    Row("GET", "/dicomweb/studies/{study}/series", query="?PatientID={ins}", things=True),
    Row("GET", "/dicomweb/studies/{study}/instances", query="?PatientID={ins}", things=True),
    Row("GET", "/dicomweb/studies/{study}/series/{uid}/instances", query="?PatientID={ins}", things=True),
    Row("GET", "/records/{ins}/dicomweb/series", query="?limit=1&offset=1"),
    Row("GET", "/records/{ins}/dicomweb/instances", query="?limit=1&offset=1"),
    Row("GET", "/records/{ins}/dicomweb/studies", query="?limit=1&offset=0"),
    Row(
        "GET",
        "/records/{ins}/dicomweb/studies",
        name="filtered",
        query="?StudyInstanceUID={study}",
        things=True,
    ),
    Row("GET", "/records/{ins}/dicomweb/studies/{study}/series", things=True),
    Row("GET", "/records/{ins}/dicomweb/studies/{study}/instances", things=True, query="?limit=1"),
    Row("GET", "/records/{ins}/dicomweb/studies/{study}/series/{uid}/instances", things=True),
    Row("GET", f"{STUDY}", things=True),
    Row("GET", f"{STUDY}/metadata", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}/metadata", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}/instances/{{sop}}", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}/instances/{{sop}}/metadata", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}/instances/{{sop}}/frames/{{frames}}", things=True),
    Row("GET", f"{STUDY}/series/{{uid}}/instances/{{sop}}/bulkdata/{{path:path}}", things=True),
    *PICTURES,
    Row("POST", "/grants", lambda p: grant(record=p.ins), "of everything"),
    Row("POST", "/grants", lambda p: grant(record=p.ins, studies=[p.study]), "of a study", things=True),
    Row(
        "POST", "/grants", lambda p: grant(record=p.ins, documents=[str(p.pdf)]), "of a document", things=True
    ),
    Row(
        "POST",
        "/grants",
        lambda p: grant(record=str(p.record), studies=[p.study], documents=[str(p.pdf)]),
        "of both",
        things=True,
    ),
    Row("GET", "/fhir/DocumentReference", query="?patient.identifier={ins}"),
    Row("GET", "/fhir/DocumentReference", name="by id", query="?patient={record}&_id={id}", things=True),
    Row("POST", "/fhir/DocumentReference/_search", lambda p: {"patient": str(p.record)}, form=True),
    Row("GET", "/fhir/DocumentReference/{id}", things=True, by_id=True),
    Row(
        "GET",
        "/fhir/ImagingStudy",
        query="?patient={record}&_id={document_id}",
        things=True,
        document=images,
    ),
    Row("POST", "/fhir/ImagingStudy/_search", lambda p: {"patient": str(p.record)}, form=True),
    Row("GET", "/fhir/ImagingStudy/{document_id}", things=True, by_id=True, document=images),
    Row("GET", "/fhir/List", query="?patient={record}&code=submissionset&status=current"),
    Row("GET", "/fhir/List", name="by id", query="?patient={record}&_id={name}", things=True),
    Row("POST", "/fhir/List/_search", lambda p: {"patient": str(p.record)}, form=True),
    Row("GET", "/fhir/List/{name}", things=True),
    Row("GET", "/fhir/AuditEvent", query="?patient.identifier={ins}", holder=True),
    Row("POST", "/fhir/AuditEvent/_search", lambda p: {"patient": str(p.record)}, form=True, holder=True),
    # the card, then what is declared
    Row("GET", "/fhir/Consent", query="?patient.identifier={ins}", searched=False, lines={"permit": 2}),
    Row(
        "POST",
        "/fhir/Consent/_search",
        lambda p: {"patient": str(p.record)},
        form=True,
        searched=False,
        lines={"permit": 2},
    ),
    Row("GET", "/fhir/Consent/{record}", searched=False),
    Row("GET", "/fhir/{declared}", query="?patient={record}"),
    Row("POST", "/fhir/{declared}/_search", lambda p: {"patient": str(p.record)}, form=True),
    # whose it is, then all of it
    Row("GET", "/fhir/{declared}/{entry}", things=True, by_id=True, document=entry, lines={"permit": 2}),
    Row("GET", "/fhir/{declared}/{entry}/_history", things=True, by_id=True, lines={"permit": 2}),
    Row("GET", "/fhir/{declared}/{entry}/_history/{version}", things=True, by_id=True),
    Row("GET", "/fhir/Patient", query="?identifier={ins}", searched=False),
    Row("POST", "/fhir/Patient/_search", lambda p: {"identifier": p.ins}, form=True, searched=False),
    Row("GET", "/fhir/Patient/{record}", searched=False),
    Row(
        "GET",
        "/fhir/Binary/{id}",
        things=True,
        by_id=True,
        lines={"permit": 2},  # whose document it is, then the grant
    ),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}/refus",
        lambda p: {"motif": "Erreur de dossier"},
        holder=True,
        page=True,
        things=True,
        document=lambda p: p.own,
    ),
    Row("GET", "/", holder=True, page=True),
    Row("GET", "/profil", holder=True, page=True),
    Row("GET", "/profil/{entry}", holder=True, page=True),
    Row("GET", "/dossier/{record}/profil", page=True),
    Row("POST", "/dossier/{record}/profil", lambda p: {}, page=True),
    Row("GET", "/choix", holder=True, page=True),
    Row("POST", "/choix", lambda p: {"action": "revoke", **number(p)}, holder=True, page=True),
    Row("GET", "/choix/{professional}", holder=True, page=True, lines={"permit": 2}),
    Row("POST", "/choix/{professional}", lambda p: {"liste": ""}, holder=True, page=True),
    Row("GET", "/avis", holder=True, page=True, lines={"permit": 2}),
    Row("POST", "/avis", lambda p: {"avis": str(uuid4())}, holder=True, page=True),
    Row("POST", "/avis/adresse", address, holder=True, page=True),
    Row(
        "POST",
        "/avis/code",
        lambda p: {"code": "000000"},
        holder=True,
        page=True,
        refused_to_all=422,
        lines={"permit": 3},
    ),
    Row("POST", "/avis/retrait", lambda p: {}, holder=True, page=True),
    Row(
        "POST",
        "/documents/{document_id}/visibilite",
        lambda p: {"masque": "oui"},
        holder=True,
        page=True,
        things=True,
        document=lambda p: p.own,
        lines={"permit": 2},  # its labels are read, then changed
    ),
    Row("GET", "/consultations", holder=True, page=True, lines={"permit": 2}),  # what it is, and its titles
    Row("GET", "/dossier/{record}/consultations", attending=True, page=True, lines={"permit": 2}),
    Row("POST", "/dossier", lambda p: {"ins": p.ins}, page=True),
    Row("GET", "/dossier/{record}", page=True),
    Row("GET", "/dossier/{record}/titulaire", page=True),
    Row("POST", "/dossier/{record}", lambda p: {}, page=True),
    Row("GET", "/dossier/{record}/documents/{document_id}", page=True, things=True, document=images),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}/annonce",
        lambda p: {},
        calm=True,
        page=True,
        things=True,
        document=lambda p: p.told,
    ),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}",
        lambda p: {},
        page=True,
        things=True,
        document=images,
    ),
    Row("GET", "/dossier/{record}/documents/{document_id}/viewer", page=True, things=True, document=images),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}/viewer",
        lambda p: {},
        page=True,
        things=True,
        document=images,
    ),
    Row(
        "GET",
        "/dossier/{record}/documents/{document_id}/contenu",
        page=True,
        things=True,
        lines=FOUND_AGAIN,
    ),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}/contenu",
        lambda p: {},
        page=True,
        things=True,
        lines=FOUND_AGAIN,
    ),
    Row(
        "GET",
        "/dossier/{record}/documents/{document_id}/images.zip",
        page=True,
        things=True,
        document=images,
        lines=FOUND_AGAIN,
    ),
    Row(
        "POST",
        "/dossier/{record}/documents/{document_id}/images.zip",
        lambda p: {},
        page=True,
        things=True,
        document=images,
        lines=FOUND_AGAIN,
    ),
    Row(
        "POST",
        "/dossier/{record}/images",
        lambda p: {"document": str(p.images), "sop": p.sop},
        page=True,
        things=True,
        lines=FOUND_AGAIN,
    ),
]
# what answers HEAD is one for all routes; of the many pictures one form stands for the others
ROWS += [replace(row, method="HEAD") for row in ROWS if row.method == "GET" and row not in PICTURES[1:]]
