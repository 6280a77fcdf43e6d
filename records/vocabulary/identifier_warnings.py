"""Warnings where two structures gave their content the same identifiers, by mistake or on purpose.

Each deposit stays a document of its own with its own bytes. French, then English.
"""

from collections.abc import Mapping
from types import MappingProxyType

STUDY_UID_SHARED, INSTANCE_UID_SHARED = "study_uid_shared", "instance_uid_shared"

IDENTIFIER_WARNINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        INSTANCE_UID_SHARED: (
            "Une autre structure a déposé un contenu différent sous le même identifiant d'image. Les deux "
            "sont gardés et montrés séparément : vérifiez quelle structure a déposé ce que vous ouvrez.",
            "Another structure deposited other content under the same SOP Instance UID. Both are kept and "
            "shown apart: check which structure deposited what you open.",
        ),
        STUDY_UID_SHARED: (
            "Une autre structure a déposé des images sous le même identifiant d'examen. Les deux examens "
            "sont gardés et montrés séparément : vérifiez quelle structure a déposé ce que vous ouvrez.",
            "Another structure deposited images under the same Study Instance UID. Both studies are kept and "
            "shown apart: check which structure deposited what you open.",
        ),
    }
)
