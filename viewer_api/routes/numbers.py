"""Numbers in addresses and query strings: digits, and none of the forms that Python takes besides."""

from typing import Annotated

from pydantic import BeforeValidator

from records.numbers import digits

Whole = Annotated[int, BeforeValidator(digits)]
"""A count; any other text is answered with 422 `bad_request`."""
