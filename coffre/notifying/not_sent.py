"""A message that did not leave."""

from records.errors import CoffreError


def not_sent(why: str) -> CoffreError:
    """`why`: a code for the operator; whoever waits may try again."""
    return CoffreError(f"The message could not be sent ({why}): try again later.", code="message_not_sent")
