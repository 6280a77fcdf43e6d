"""Further rows that processes share through the index: reception keys, sealed sign-ins, counts."""

from collections.abc import Collection
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from records.vocabulary.codes import SubmissionState
from storage.engines.transactions import Database
from storage.index import counted, tables
from storage.rows.sign_ins import SignedIn
from storage.sql.conflicts import upsert

_RECEPTION_KEY = tables.reception_key.c
_ISSUERS = tables.issuer_list.c
_SIGN_IN = tables.sign_in.c

_PUT_RECEPTION_KEY = upsert(tables.reception_key, ["document"])
_RECEPTION_KEY_OF = select(_RECEPTION_KEY.document).where(_RECEPTION_KEY.day == bindparam("day"))
_ACCEPTED = "accepted"
_PUT_ISSUERS = upsert(tables.issuer_list, ["document"])
_PUBLISHED_ISSUERS = select(_ISSUERS.document).where(_ISSUERS.name == _ACCEPTED)
_PUT_SIGN_IN = upsert(tables.sign_in, ["sealed", "expires"])
_LASTS = (_SIGN_IN.expires > bindparam("now")) & (
    _SIGN_IN.session_id.is_(None) | (_SIGN_IN.used_at > bindparam("idle_since"))
)
_LIVE_SIGN_IN = select(tables.sign_in).where(_SIGN_IN.digest == bindparam("digest"), _LASTS)
_USE_SIGN_IN = (
    update(tables.sign_in).where(_SIGN_IN.digest == bindparam("b_digest")).values(used_at=bindparam("at"))
)
_REPLACE_SIGN_IN = (
    update(tables.sign_in)
    .where(_SIGN_IN.digest == bindparam("b_digest"), _SIGN_IN.expires == bindparam("b_expires"))
    .values(expires=bindparam("until"))
)
_SESSION_OF = select(_SIGN_IN.session_id).where(_SIGN_IN.digest == bindparam("b_digest"))
_END_SIGN_IN = delete(tables.sign_in).where(_SIGN_IN.digest == bindparam("b_digest"))
_THESE = _SIGN_IN.session_id.in_(bindparam("ids", type_=_SIGN_IN.session_id.type, expanding=True))
_LIVE_SESSIONS = (
    select(_SIGN_IN.session_id, func.max(_SIGN_IN.used_at).label("used_at"))
    .where(_THESE, _LASTS)
    .group_by(_SIGN_IN.session_id)
)
_END_SESSIONS = delete(tables.sign_in).where(_THESE)
_END_EVERY_SESSION = delete(tables.sign_in).where(_SIGN_IN.session_id.is_not(None))
_FORGET_SIGN_INS = delete(tables.sign_in).where(_SIGN_IN.expires <= bindparam("now"))
_COUNT = text(counted.IN_STATE)
_COUNT_SHARED = text(counted.SHARING_IDENTIFIERS)
_OLDEST_RECEIVED = text(counted.OLDEST_RECEIVED)


class Keeping:
    """Small shared state (see `storage.ports.index`)."""

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

    def put_sign_in(self, signed_in: SignedIn) -> None:
        with self._database.writing() as connection:
            connection.execute(_PUT_SIGN_IN, asdict(signed_in))

    def sign_in(self, digest: bytes, now: int, idle_since: int) -> SignedIn | None:
        asked = {"digest": digest, "now": now, "idle_since": idle_since}
        with self._database.reading() as connection:
            row = connection.execute(_LIVE_SIGN_IN, asked).one_or_none()
            return None if row is None else SignedIn(**row._mapping)

    def use_sign_in(self, digest: bytes, at: int) -> None:
        with self._database.writing() as connection:
            connection.execute(_USE_SIGN_IN, {"b_digest": digest, "at": at})

    def renew_sign_in(self, old: bytes, new: SignedIn, until: int) -> bool:
        replacing = {"b_digest": old, "b_expires": new.expires, "until": until}
        with self._database.writing() as connection:
            if not connection.execute(_REPLACE_SIGN_IN, replacing).rowcount:
                return False
            connection.execute(_PUT_SIGN_IN, asdict(new))
            return True

    def end_sign_in(self, digest: bytes) -> None:
        with self._database.writing() as connection:
            session_id = connection.execute(_SESSION_OF, {"b_digest": digest}).scalar_one_or_none()
            connection.execute(_END_SIGN_IN, {"b_digest": digest})
            if session_id is not None:
                _end_all(connection, [session_id])

    def live_sessions(self, session_ids: Collection[UUID], now: int, idle_since: int) -> dict[UUID, int]:
        asked = {"ids": list(session_ids), "now": now, "idle_since": idle_since}
        with self._database.reading() as connection:
            return {row.session_id: row.used_at for row in connection.execute(_LIVE_SESSIONS, asked)}

    def end_sessions(self, session_ids: Collection[UUID]) -> int:
        with self._database.writing() as connection:
            return _end_all(connection, session_ids)

    def end_every_session(self) -> None:
        """After a restore: some of them had ended. Sign-ins by a link stay."""
        with self._database.writing() as connection:
            connection.execute(_END_EVERY_SESSION)

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


def _end_all(connection: Connection, session_ids: Collection[UUID]) -> int:
    """A code that was drawn while the one before was waited for is seen by the next statement alone."""
    ended = 0
    while found := connection.execute(_END_SESSIONS, {"ids": list(session_ids)}).rowcount:
        ended += found
    return ended
