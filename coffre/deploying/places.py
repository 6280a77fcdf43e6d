"""The places that settings of a site name: inside the EEA, as far as names of known providers tell (R50)."""

import re
from urllib.parse import parse_qsl, unquote

from keyvault.roots.opening import roots_of
from records.errors import Invalid
from storage.objects import places
from storage.objects.address import parse

_HOST = re.compile(r"://(?:[^/?#@]*@)?([^/:?#\[\]]+)")
_ARN = re.compile(r"aws-kms:arn:[^:]*:kms:([^:]*):")


def lies_outside(value: str) -> bool:
    """Whether an address, a root or one of two combined, is of a known provider and outside the EEA."""
    if value.startswith(("s3:", "minio:")):
        return _store_lies_outside(value)
    return any(map(places.lies_outside, _HOST.findall(unquote(value)))) or any(
        region not in places.KEY_REGIONS for root in roots_of(value) for region in _regions(root)
    )


def _store_lies_outside(value: str) -> bool:
    try:
        parse(value)
    except Invalid as error:
        return error.code == "non_eea_region"
    return False


def _regions(root: str) -> list[str]:
    """Those that the URL of a key of AWS KMS names, by its ARN and by its options."""
    if not root.startswith("aws-kms:"):
        return []
    options = parse_qsl(root.partition("?")[2], keep_blank_values=True)
    return _ARN.findall(root) + [each for name, each in options if name == "region"]
