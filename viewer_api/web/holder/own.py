"""Calls of the holder's pages about the holder's own record."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from records.errors import Refused
from viewer_api.refusals import NotAuthorised
from viewer_api.web.sessions import Session

T = TypeVar("T")


class NoOwnRecord(Refused):
    code = "no_own_record"

    def __init__(self) -> None:
        super().__init__("No open record is in your name.")


async def own(work: Callable[..., T], session: Session, *args: Any) -> T:
    """Do something with the holder's own credential and record. Raises `NoOwnRecord`."""
    if not session.is_patient:
        raise NotAuthorised
    try:
        return await asyncio.to_thread(work, session.call(), session.ins, *args)
    except NotAuthorised:
        raise NoOwnRecord from None
