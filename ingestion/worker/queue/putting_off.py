"""Reasons to put a task off through no fault of its own: it is due again."""


class PutOff(Exception):  # noqa: N818 - none of these is an error
    """A task ends before its time, through no fault; it is due again after `pause_ms`."""

    pause_ms = 0


class Busy(PutOff):
    """Another unfinished submission holds the same bytes or identifier; this one waits for its end."""

    pause_ms = 500


class Stopping(PutOff):
    """The process is about to end; the next one goes on."""


class NotItsTurn(PutOff):
    """A stand-in learnt whose submission it took, and that structure may be served already."""
