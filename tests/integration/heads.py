"""What HEAD does not do: it opens no object, which is seen where every object is damaged."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.integration.support import Coffre


@contextmanager
def damaged_objects(coffre: Coffre) -> Iterator[None]:
    """For a while no stored object opens; other tests check the whole of this installation."""
    stored = {each: each.read_bytes() for each in (coffre.data / "objects").rglob("*") if each.is_file()}
    try:
        for path, content in stored.items():
            path.write_bytes(bytes(byte ^ 1 for byte in content[-64:]).rjust(len(content), b"?"))
        yield
    finally:
        for path, content in stored.items():
            path.write_bytes(content)


def same_headers(answer: httpx.Response) -> dict[str, str]:
    """Those that tell of the content (RFC 9110 section 9.3.2)."""
    differ = {"date", "x-request-id", "connection", "transfer-encoding"}
    return {name: value for name, value in answer.headers.items() if name not in differ}
