"""Numbers in addresses and query strings: digits, and none of the forms that Python takes besides."""

from typing import Annotated

from pydantic import BeforeValidator

from records.text.numbers import whole


def _number(value: object) -> object:
    """A negative one is a number, too: that there is nothing of it, the route says."""
    if not isinstance(value, str):
        return value
    return -whole(value[1:]) if value.startswith("-") else whole(value)


Whole = Annotated[int, BeforeValidator(_number)]
"""A count; any other text is answered with 422 `bad_request`."""
