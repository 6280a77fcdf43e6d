"""The table of depositors: each class of document with the kinds that may deposit it, exceptions by type.

Sources. Reimbursements come from the health insurer's own system (author specialty ALIM_AM of JDV_J01,
practice setting AMO of JDV_J04; articles R1111-41 and R1111-42). What a patient expresses or deposits has the
patient for its author (EXP_PATIENT in JDV_J02 and JDV_J04; class 90 and the DOCPAT types of ASS_X16). All
else is fed by those who care for the patient (article R1111-42, arrêtés on the duty to feed). A type that is
in no table is deposited by nobody (R34).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from records.vocabulary.document_types import CLASS_NAMES, DOCUMENT_TYPES


class Depositor(StrEnum):
    """A professional or a structure of care, the health insurer's feed, the holder of the record."""

    CARE = "care"
    INSURER = "insurer"
    HOLDER = "holder"


_CARE = frozenset({Depositor.CARE})
_INSURER = frozenset({Depositor.INSURER})
_HOLDER = frozenset({Depositor.HOLDER})

DEPOSITORS_BY_CLASS: Mapping[str, frozenset[Depositor]] = MappingProxyType(
    dict.fromkeys(CLASS_NAMES, _CARE) | {"60": _INSURER, "90": _HOLDER}
)

DEPOSITORS_BY_TYPE: Mapping[str, frozenset[Depositor]] = MappingProxyType(
    {code: _HOLDER for code in DOCUMENT_TYPES if code.startswith("DOCPAT")}
    | {"ATTEST-DROITS-AM": _CARE | _INSURER}
)


def may_deposit(depositor: Depositor, type_code: str) -> bool:
    """Whether the tables let this kind of depositor deposit a type; an unknown type is False."""
    known = DOCUMENT_TYPES.get(type_code)
    if known is None:
        return False
    return depositor in DEPOSITORS_BY_TYPE.get(type_code, DEPOSITORS_BY_CLASS[known.class_code])
