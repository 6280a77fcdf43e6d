"""Cards as earlier labels sealed them, with authorisations and without what came later."""

from dataclasses import asdict
from typing import Any

from records.card.card import Card


def earlier_json(card: Card) -> dict[str, Any]:
    """The members of `coffre-card-v1`; those of v2 are the same and the record's state."""
    now = card.to_json()
    return {
        **{name: now[name] for name in ("ins", "traits", "consent", "blocks", "emergency")},
        "authorisations": [asdict(each) for each in card.authorisations],
        "attending": sorted(card.attending),
    }
