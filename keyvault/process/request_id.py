"""The id of the request at hand, in the logs of every process that works on it. It is no identity."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("coffre_request_id", default="")
