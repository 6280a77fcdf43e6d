"""Forms of the pages: their fields, each once, and whether a page of ours sent them."""

from urllib.parse import parse_qsl

from records.errors import Invalid

LARGEST_FORM = 64 * 1024
MOST_FIELDS = 160  # a page of 100 documents to tick, and what stands beside them
FORM_TYPE = "application/x-www-form-urlencoded"
_OPAQUE = "null"  # what browsers send as Origin with a form of a page under no-referrer


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM_TYPE


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a posted form, each once. Raises `Invalid` "bad_form"."""
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise bad_form() from None
    if len({name for name, _ in fields}) != len(fields):
        raise bad_form()
    return dict(fields)


def bad_form() -> Invalid:
    return Invalid("The form cannot be read: reload its page and try again.", code="bad_form")


def is_ours(origin: str | None, site: str | None, own_origin: str) -> bool:
    """Whatever the browser says of the form's origin must not contradict ours.

    `origin` and `site`: its headers Origin and Sec-Fetch-Site. Under no-referrer a form's Origin is "null"
    (Fetch, "serializing a request origin"), and browsers say Sec-Fetch-Site to trustworthy origins only;
    where neither says anything the form's token decides.
    """
    if site is not None and site != "same-origin":
        return False
    return origin in (None, _OPAQUE, own_origin)
