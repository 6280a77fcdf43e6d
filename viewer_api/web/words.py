"""Put documents, people and notices into the words of a page."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import UUID

from keyvault.verbs.reader.grants.reading import Whose
from keyvault.verbs.reader.holder.notices import OwnNotice
from records.documents.facts import HoldersRefusal
from records.documents.listed import ListedDocument
from records.errors import Invalid
from records.notices import NoticeState
from records.profile.replacing import is_own
from records.vocabulary.codes import DocumentState, Label, Obligation
from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES
from records.vocabulary.professions import PROFESSIONS
from viewer_api.presenting import Images, cautions_of, images_of, warnings_of
from viewer_api.record_pages import ShownPage
from viewer_api.web.dates import PARIS, day, day_of_unix, moment, moment_of
from viewer_api.web.texts import Texts

_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(T.*)?")
_RPPS = re.compile(r"[0-9]{11}")
_RPPS_KIND = "8"  # PSIdNat: 8, then the RPPS number


def professional_number(text: str) -> str:
    """The national number (PSIdNat) of what a person types from a prescription, with its 8 or without.

    Raises `Invalid` "bad_rpps": what is too short would authorise or block nobody.
    """
    number = "".join(text.split())
    if _RPPS.fullmatch(number):
        return _RPPS_KIND + number
    if number.startswith(_RPPS_KIND) and _RPPS.fullmatch(number[1:]):
        return number
    raise Invalid("An RPPS number has 11 digits.", code="bad_rpps")


def profession(code: str | None, t: Texts) -> str:
    known = PROFESSIONS.get(code or "")
    return known.display if known else t("who.profession.unknown")


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One document as lists show it.

    `cautions` are codes of warnings that whoever reads it has to know first, `repairs` those of the others.
    """

    id: UUID
    cautions: tuple[str, ...]
    repairs: tuple[str, ...]
    images: Images | None
    title: str
    type: str
    date: str
    deposited: str
    by: str
    masked: bool
    hidden_from_patient: bool
    assumed: bool
    """The reader sees it by a cell of the matrix that is assumed."""
    visible_to_patient: str
    hidden_from_representatives: bool
    refused: str
    """When and why its holder refused it, in words; nothing for who did not."""
    archived: bool
    is_former: bool
    """The patient has replaced it, or it counts no longer."""
    is_study: bool
    study_uid: str | None
    is_pdf: bool
    carries_pdf: bool
    """It is a PDF, or a DICOM file around one (PS3.3 section A.45.1)."""
    own: bool = False
    """The professional who reads it, or the structure, made it."""


def document_views(page: ShownPage, t: Texts) -> list[DocumentView]:
    """The documents of a page; what contradicts another one that may be seen says so."""
    return [
        document_view(each, t, page.conflicting.get(each.document_id, ())) for each in page.listing.documents
    ]


def document_view(document: ListedDocument, t: Texts, conflicting: Collection[str]) -> DocumentView:
    summary, labels, images = document.summary, document.facts.labels, images_of(document)
    warnings = warnings_of(document, conflicting)
    cautions = tuple(cautions_of(warnings))
    return DocumentView(
        id=document.document_id,
        cautions=cautions,
        repairs=tuple(code for code in warnings if code not in cautions),
        images=images,
        title=summary.title.strip() or t("document.type.unknown"),
        type=_type(document, t),
        date=_document_date(summary.date, t),
        deposited=moment_of(document.created_at, t.language),
        by=_by(document, t),
        masked=Label.MASQUE_PS in labels,
        hidden_from_patient=Obligation.WARN_HIDDEN_FROM_PATIENT in document.obligations,
        assumed=Obligation.TELL_ASSUMED_RIGHT in document.obligations,
        visible_to_patient=_visible_to_patient(document.facts.visible_to_patient_from, t),
        hidden_from_representatives=Label.INVISIBLE_REPRESENTANTS_LEGAUX in labels,
        refused=_refused(document.facts.refused, t),
        archived=document.facts.state is DocumentState.ARCHIVED,
        is_former=document.facts.state is DocumentState.DEPRECATED,
        is_study=document.facts.kind == "study",
        study_uid=summary.study_uid,
        is_pdf=summary.media_type == "application/pdf",
        carries_pdf=summary.media_type == "application/pdf"
        or (images is not None and images.modalities == ["DOC"]),
    )


def _refused(refused: HoldersRefusal | None, t: Texts) -> str:
    """Nobody but the holder sees a document that she refused."""
    if refused is None:
        return ""
    when = day_of_unix(refused.at, t.language)
    return t("document.refused", when=when, reason=refused.reason)


def kind_name(code: str) -> str:
    """A class or a type of documents, by its name."""
    return CLASS_NAMES[code] if code in CLASS_NAMES else DOCUMENT_TYPES[code].display


def _visible_to_patient(at: int | None, t: Texts) -> str:
    """When the patient will see what is hidden from them; `at` is unix seconds."""
    if at is None:
        return t("document.visible_after_visit")
    return t("document.visible_from", when=moment(datetime.fromtimestamp(at, UTC), t.language))


@dataclass(frozen=True, slots=True)
class WhoseView:
    """Whose record is open, as every page of it says; nothing of it belongs into an address or a title."""

    name: str = field(repr=False)
    born: str = field(repr=False)
    age: str = field(repr=False)
    sex: str = field(repr=False)
    ins: str = field(repr=False)


def whose_view(whose: Whose, t: Texts, today: date | None = None) -> WhoseView:
    """`today`: the day on which the age is told, in Paris."""
    traits = whose.traits
    age = _years(date.fromisoformat(traits.birth_date), today or datetime.now(PARIS).date())
    return WhoseView(
        name=f"{traits.family_name.upper()} {traits.given_name}",
        born=day(date.fromisoformat(traits.birth_date), t.language),
        age=t.counted("whose.age", age),
        sex=t(f"whose.sex.{traits.sex}"),
        ins=grouped_ins(whose.ins.matricule),
    )


def _years(since: date, today: date) -> int:
    """Whole years; whoever was born on 29 February is older on 1 March."""
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))


def grouped_ins(matricule: str) -> str:
    """The 15 characters as printed on the Vitale card: 2 77 07 99 999 001 67."""
    ends = (1, 3, 5, 7, 10, 13, 15)
    return " ".join(matricule[start:end] for start, end in pairwise((0, *ends)))


def _type(document: ListedDocument, t: Texts) -> str:
    """A study's own type names the exchange format of its references: people call it images."""
    if document.facts.kind == "study":
        return t("document.type.study")
    if known := DOCUMENT_TYPES.get(document.facts.type_code):
        return known.display
    return CLASS_NAMES.get(document.summary.class_code) or t("document.type.unknown")


def _by(document: ListedDocument, t: Texts) -> str:
    if is_own(document.facts):
        return t("document.by.patient")
    return _structure(author_structure(document), t)


def author_structure(document: ListedDocument) -> str | None:
    """The number of the structure that a document comes from."""
    return document.summary.structure or document.facts.author_structure


def _structure(number: str | None, t: Texts) -> str:
    return t.structure(number) if number else t("document.structure.unknown")


def _document_date(text: str | None, t: Texts) -> str:
    """DICOM and FHIR write dates differently; what is neither is shown as it came."""
    if not text:
        return t("document.date.unknown")
    found = _DATE.fullmatch(text)
    try:
        return day(date(*map(int, found.groups()[:3])), t.language) if found else text
    except ValueError:
        return text


def is_undelivered(notices: Iterable[OwnNotice]) -> bool:
    """Whether the message about the newest notice that had one reached nobody."""
    ends = (NoticeState.SENT, NoticeState.UNDELIVERED)
    newest = next((notice.state for notice in notices if notice.state in ends), None)
    return newest is NoticeState.UNDELIVERED


def notice_text(notice: OwnNotice, t: Texts) -> str:
    """What a notice says; who and why stands in the access log."""
    key = f"notices.{notice.kind}"
    when = moment(datetime.fromtimestamp(notice.at, UTC), t.language)
    return t(key if t.has(key) else "notices.other", when=when)
