"""Reasons to withdraw an instance: titles of an IOCM rejection note (IHE RAD TF-3 4.66, PS3.16 CID 7011)."""

from collections.abc import Mapping
from types import MappingProxyType

from records.errors import Invalid

REJECTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "113001": ("Rejeté pour sa qualité", "Rejected for Quality Reasons"),
        "113037": ("Rejeté pour la sécurité du patient", "Rejected for Patient Safety Reasons"),
        "113038": ("Saisie de liste de travail erronée", "Incorrect Modality Worklist Entry"),
        "113039": ("Durée de conservation échue", "Data Retention Policy Expired"),
    }
)
"""DCM codes, in French and as PS3.16 has them."""


def check_rejection(code: str) -> None:
    """Raises Invalid `bad_rejection` for any other code."""
    if code not in REJECTIONS:
        raise Invalid(f"Say why with one of these codes: {', '.join(REJECTIONS)}.", code="bad_rejection")
