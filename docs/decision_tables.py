"""The tables of a decision in docs/rules.md: rules in their order, and what they answer."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from records.card.card import Card, Emergency
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, Ground, Scope
from records.documents.facts import DocumentFacts
from records.people.actors import Actor
from records.people.identity import INS, INS_NIR_TEST, Traits
from records.policy import AccessRequest, Facts, Permit, RecordFacts, decide
from records.rules.document import DOCUMENT_RULES
from records.rules.record import RECORD_RULES
from records.rules.request import ROLE_ACTIONS, WITHOUT_RECORD, general_objection, step_up_objection
from records.vocabulary.codes import Action, DocumentState, Label, PurposeOfUse, ReasonCode, RecordState, Role

SOURCE = re.compile(r"EX_[0-9.-]+|[RL]1111-[0-9]+|L6311-2|R[0-9]+(?: to R[0-9]+)?")
"""Requirements of domain.md section 11, articles of the Code de la santé publique, rules of the DMP guide."""

INTRO = """
## How a decision is taken

By `decide` (`records/policy.py`), a pure function: the first rule that objects gives the reason, and a permit
then needs a ground of its own, so that a rule that was forgotten denies. In the order of asking:

| # | about | rule | says | from | reasons |
|---|---|---|---|---|---|
"""
GROUNDS = """
What then permits: the holder (`own_record`), an operator, a deposit (R31: feeding needs no right to
consult), an author (R32), an emergency's mode (R26, R27), the status of attending doctor (R21), an
authorisation that is live (R18), in this order. Nothing else: `not_authorised`.
"""
ROLES = """
### Who may ask for what

`+` where the role may ask and its record says the rest; `·` where no record is needed. An empty cell is
`role_not_entitled` (R16, R31, R32).

"""
STATES = """
### In which state of the record

What the holder, an operator, an authorised professional and a structure's system may do in each state (R9,
R10, R14): `+` permitted, else the reason.

"""
DOCUMENTS = """
### Who reads what

One document of a record that is active, to whoever asks for its content, as `decide` answers: `+` with its
ground, else the reason. A block goes before an opposition, an opposition before a label, a label before what
was chosen (R19, R20, R28, article R1111-49).

"""


def tables() -> Iterator[str]:
    yield INTRO
    rules: list[tuple[str, Callable[..., ReasonCode | None]]] = [
        ("request", general_objection),
        ("request", step_up_objection),
    ]
    rules += [("record", rule) for rule in RECORD_RULES] + [("document", rule) for rule in DOCUMENT_RULES]
    for number, (about, rule) in enumerate(rules, 1):
        yield f"| {number} | {about} | {_name(rule)} | {_says(rule)} | {_from(rule)} | {_reasons(rule)} |\n"
    yield GROUNDS
    yield from _roles()
    yield from _states()
    yield from _documents()


def _name(rule: Callable[..., object]) -> str:
    return rule.__name__.strip("_").replace("_", " ")


def _says(rule: Callable[..., object]) -> str:
    return " ".join(inspect.getdoc(rule).split()) if inspect.getdoc(rule) else ""


def _from(rule: Callable[..., object]) -> str:
    """The requirement or article that its text names."""
    return ", ".join(dict.fromkeys(SOURCE.findall(_source(rule))))


def _reasons(rule: Callable[..., object]) -> str:
    found = [ReasonCode[name] for name in re.findall(r"ReasonCode\.([A-Z_0-9]+)", _source(rule))]
    tables = [each for each in _parts(rule) if isinstance(each, Mapping)]
    found += [each for table in tables for each in table.values() if isinstance(each, ReasonCode)]
    return ", ".join(f"`{each.value}`" for each in dict.fromkeys(found))


def _source(rule: Callable[..., object]) -> str:
    """Of the rule, and of what it alone is made of."""
    parts = [each for each in _parts(rule) if inspect.isfunction(each)]
    return "".join(map(inspect.getsource, (rule, *parts)))


def _parts(rule: Callable[..., object]) -> list[object]:
    """What its module keeps for itself and it names: functions, and those that these name, and tables."""
    module, found, waiting = inspect.getmodule(rule), dict[str, object](), [rule]
    while waiting:
        for name in re.findall(r"\b_[A-Za-z_]+\b", inspect.getsource(waiting.pop())):
            part = getattr(module, name, None)
            if name not in found and part is not None:
                found[name] = part
                waiting += [part] if inspect.isfunction(part) else []
    return [*found.values()]


def _roles() -> Iterator[str]:
    yield ROLES
    yield f"| | {' | '.join(role.value for role in Role)} |\n|---|{'---|' * len(Role)}\n"
    for action in Action:
        cells = [_asked(role, action) for role in Role]
        if any(cells):
            yield f"| `{action.value}` | {' | '.join(cells)} |\n"


def _asked(role: Role, action: Action) -> str:
    if action not in ROLE_ACTIONS[role]:
        return ""
    return "·" if action in WITHOUT_RECORD else "+"


NOW, DAY = 1_800_000_000, 86_400
INSURED, CIRCLE, OF = INS("277076322082910", INS_NIR_TEST), UUID(int=1), "1750000001"
NUMBER, ATTENDING, BLOCKED = "899700024450", "899700024451", "899700024454"
CONSENT = ConsentRecord("patient", "online", NOW - DAY)
CARD = Card(
    ins=INSURED,
    traits=Traits("MARTIN", "Camille", "1977-07-01", "F"),
    consent=CONSENT,
    authorisations=(),
    blocks=frozenset({BLOCKED}),
    attending={ATTENDING: None},
    emergency=Emergency(bris_de_glace=True, centre_15=True),
)
REPORT = DocumentFacts(
    document_id=UUID(int=2),
    kind="document",
    type_code="11502-2",
    author_structure=OF,
    author="",
    labels=frozenset(),
    state=DocumentState.APPROVED,
)
ALL = Authorisation(NUMBER, (Ground(CIRCLE, NOW - DAY, NOW + DAY, CONSENT),))
CHOSEN = Authorisation(NUMBER, (replace(ALL.grounds[0], scope=Scope.CHOSEN),))
ENDED = Authorisation(NUMBER, (replace(ALL.grounds[0], ended=NOW - 1),))
REASON = "Patient inconscient aux urgences"


def _person(role: Role = Role.PROFESSIONAL, **said: object) -> Actor:
    known = {"rpps": NUMBER, "profession": "10", "structure": "1750000002", "sector": "SA07"}
    return Actor(role=role, issuer="", subject="", **{**known, **said})  # type: ignore[arg-type]


def _states() -> Iterator[str]:
    yield STATES
    yield f"| | | {' | '.join(state.value for state in RecordState)} |\n"
    yield f"|---|---|{'---|' * len(RecordState)}\n"
    plain = {"rpps": None, "profession": None, "sector": None}
    actors = {
        Role.PATIENT: _person(Role.PATIENT, ins=INSURED, structure=None, **plain),
        Role.PROFESSIONAL: _person(),
        Role.DEPOSITOR: _person(Role.DEPOSITOR, **{**plain, "structure": OF}),
        Role.OPERATOR: _person(Role.OPERATOR, **{**plain, "structure": None}),
    }
    for role, actor in actors.items():
        for action in sorted(ROLE_ACTIONS[role] - WITHOUT_RECORD.keys()):
            cells = [_cell(actor, action, RecordFacts(state, CARD, ALL)) for state in RecordState]
            yield f"| {role.value} | `{action.value}` | {' | '.join(cells)} |\n"


def _cell(
    actor: Actor,
    action: Action,
    record: RecordFacts,
    document: DocumentFacts | None = None,
    purpose: PurposeOfUse = PurposeOfUse.NORMAL,
) -> str:
    found = decide(AccessRequest(actor, action, purpose, NOW, REASON), Facts(record, document))
    if not isinstance(found, Permit):
        return f"`{found.reason.value}`"
    return "+" if document is None else f"+ `{found.reason.value}`"


def _documents() -> Iterator[str]:
    yield DOCUMENTS
    kinds: Mapping[str, DocumentFacts] = {
        "a report": REPORT,
        "one that was chosen": replace(REPORT, shown_to=frozenset({CIRCLE})),
        "masked (`MASQUE_PS`)": replace(REPORT, labels=frozenset({Label.MASQUE_PS})),
        "chosen and masked": replace(
            REPORT, labels=frozenset({Label.MASQUE_PS}), shown_to=frozenset({CIRCLE})
        ),
        "not announced (`INVISIBLE_PATIENT`)": replace(
            REPORT, labels=frozenset({Label.INVISIBLE_PATIENT}), visible_to_patient_from=NOW + DAY
        ),
        "of a type that is closed": replace(REPORT, type_code="ATTEST-RESID"),
        "withdrawn": replace(REPORT, state=DocumentState.DELETED),
    }
    yield f"| | {' | '.join(kinds)} |\n|---|{'---|' * len(kinds)}\n"
    for who, (actor, given, purpose, card) in _readers().items():
        record = RecordFacts(RecordState.ACTIVE, card, given)
        cells = [_cell(actor, Action.RETRIEVE, record, each, purpose) for each in kinds.values()]
        yield f"| {who} | {' | '.join(cells)} |\n"


_Reader = tuple[Actor, Authorisation | None, PurposeOfUse, Card]


def _readers() -> Mapping[str, _Reader]:
    normal, glass, centre = PurposeOfUse.NORMAL, PurposeOfUse.BRIS_DE_GLACE, PurposeOfUse.CENTRE_15
    opposed = replace(CARD, emergency=Emergency(bris_de_glace=False, centre_15=False))
    holder = _person(Role.PATIENT, ins=INSURED, rpps=None, profession=None, sector=None, structure=None)
    regulator = _person(setting="SAMU_SMUR")
    return {
        "the holder": (holder, None, normal, CARD),
        "authorised for all": (_person(), ALL, normal, CARD),
        "authorised for what was chosen": (_person(), CHOSEN, normal, CARD),
        "the same, of the authoring structure": (_person(structure=OF), CHOSEN, normal, CARD),
        "of the authoring structure, not authorised": (_person(structure=OF), None, normal, CARD),
        "attending doctor": (_person(rpps=ATTENDING), None, normal, CARD),
        "whose authorisation was revoked": (_person(), ENDED, normal, CARD),
        "blocked, and authorised": (_person(rpps=BLOCKED), ALL, normal, CARD),
        "who breaks the glass": (_person(), None, glass, CARD),
        "the same, authorised for what was chosen": (_person(), CHOSEN, glass, CARD),
        "the same, where the holder opposes it": (_person(), ALL, glass, opposed),
        "blocked, who breaks the glass": (_person(rpps=BLOCKED), None, glass, CARD),
        "a regulation centre (Centre 15)": (regulator, None, centre, CARD),
        "a regulation centre, where the holder opposes it": (regulator, None, centre, opposed),
        "an occupational doctor, not authorised": (_person(sector="SA66"), None, glass, CARD),
    }
