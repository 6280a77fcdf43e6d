"""The places of what settings name (R50)."""

from keyvault.roots.addresses import check_url as check_root
from records.errors import Invalid
from records.places import check_aws_region, check_url
from storage.objects.address import parse

_PAGES = frozenset({"COFFRE_PUBLIC_URL", "COFFRE_ALLOWED_ORIGINS"})
"""They name pages, wherever these are served from, and no place where data lie."""
_REGIONS = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})


def lies_outside(name: str, value: str) -> bool:
    """Whether what it names is of a known provider and outside the EEA; a wrong form is others' to tell."""
    try:
        if name == "COFFRE_VAULT_ROOT":
            check_root(value)
        elif name in _REGIONS:
            check_aws_region(value)
        elif value.startswith(("s3:", "minio:")):
            parse(value)
        elif "://" in value and name not in _PAGES:
            check_url(value)
    except Invalid as error:
        return error.code == "non_eea_region"
    return False


def outside(name: str) -> str:
    """The sentence about it, without the value, which may be secret."""
    return (
        f"{name} names a region outside the European Economic Area: health data, and what opens them, stay "
        "there."
    )
