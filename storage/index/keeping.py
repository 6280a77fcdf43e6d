"""Further rows that processes share through the index: reception keys, sealed sign-ins, counts."""

from sqlalchemy import bindparam, delete, select, text

from records.vocabulary.codes import SubmissionState
from storage.conflicts import upsert
from storage.index import counted, tables
from storage.transactions import Database

_RECEPTION_KEY = tables.reception_key.c
_ISSUERS = tables.issuer_list.c
_SIGN_IN = tables.sign_in.c

_PUT_RECEPTION_KEY = upsert(tables.reception_key, ["document"])
_RECEPTION_KEY_OF = select(_RECEPTION_KEY.document).where(_RECEPTION_KEY.day == bindparam("day"))
_ACCEPTED = "accepted"
_PUT_ISSUERS = upsert(tables.issuer_list, ["document"])
_PUBLISHED_ISSUERS = select(_ISSUERS.document).where(_ISSUERS.name == _ACCEPTED)
_PUT_SIGN_IN = upsert(tables.sign_in, ["sealed", "expires"])
_LIVE_SIGN_IN = select(_SIGN_IN.sealed).where(
    _SIGN_IN.digest == bindparam("digest"), _SIGN_IN.expires > bindparam("now")
)
_END_SIGN_IN = delete(tables.sign_in).where(_SIGN_IN.digest == bindparam("b_digest"))
_FORGET_SIGN_INS = delete(tables.sign_in).where(_SIGN_IN.expires <= bindparam("now"))
_COUNT = text(counted.IN_STATE)
_COUNT_SHARED = text(counted.SHARING_IDENTIFIERS)
_OLDEST_RECEIVED = text(counted.OLDEST_RECEIVED)


class Keeping:
    """Small shared state (see `storage.index_ports`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_reception_key(self, day: str, document: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_PUT_RECEPTION_KEY, {"day": day, "document": document})

    def reception_key(self, day: str) -> str | None:
        with self._database.reading() as connection:
            return connection.execute(_RECEPTION_KEY_OF, {"day": day}).scalar_one_or_none()

    def put_issuers(self, document: str) -> None:
        with self._database.writing() as connection:
            connection.execute(_PUT_ISSUERS, {"name": _ACCEPTED, "document": document})

    def issuers(self) -> str | None:
        with self._database.reading() as connection:
            return connection.execute(_PUBLISHED_ISSUERS).scalar_one_or_none()

    def put_sign_in(self, digest: bytes, sealed: bytes, expires: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_PUT_SIGN_IN, {"digest": digest, "sealed": sealed, "expires": expires})

    def sign_in(self, digest: bytes, now: int) -> bytes | None:
        with self._database.reading() as connection:
            return connection.execute(_LIVE_SIGN_IN, {"digest": digest, "now": now}).scalar_one_or_none()

    def end_sign_in(self, digest: bytes) -> None:
        with self._database.writing() as connection:
            connection.execute(_END_SIGN_IN, {"b_digest": digest})

    def forget_sign_ins(self, now: int) -> int:
        with self._database.writing() as connection:
            return connection.execute(_FORGET_SIGN_INS, {"now": now}).rowcount

    def counts(self) -> dict[str, int]:
        with self._database.reading() as connection:
            return {
                state.value: connection.execute(_COUNT, {"state": state.value}).scalar_one()
                for state in SubmissionState
            }

    def sharing_identifiers(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(_COUNT_SHARED).scalar_one())

    def oldest_received(self) -> int | None:
        with self._database.reading() as connection:
            found: int | None = connection.execute(_OLDEST_RECEIVED).scalar_one()
            return found
