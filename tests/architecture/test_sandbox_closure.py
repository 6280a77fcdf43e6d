"""What the sandboxed child loads: a stranger's file is read beside nothing of ours but what files are.

The import contracts speak of what modules write; here the child's modules are loaded, as its zygote does.
"""

import json
import subprocess
import sys

import pytest

OURS = frozenset(
    {"audit", "client", "coffre", "content", "ingestion", "keyvault", "records", "sign_in"}
    | {"storage", "viewer_api"}
)
LISTING = """
import importlib, json, sys
from content.sandbox.left_out import DECODING, UNNEEDED, leave_out
leave_out(*UNNEEDED, *(DECODING if "warm" in sys.argv else ()))
importlib.import_module(sys.argv[1])
for act in sys.argv[2:]:
    from content.limits import Limits
    from content.sandbox.warming import warm_up
    warm_up(Limits())
print(json.dumps(sorted(name for name, module in sys.modules.items() if module)))
"""


def modules_after(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *arguments], capture_output=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """After the child is imported and its parsers have read the files that warm them up."""
    return modules_after("content.sandbox.child", "warm")


def test_the_child_loads_content_and_records_and_no_other_room(loaded: set[str]) -> None:
    rooms = {name.partition(".")[0] for name in loaded} & OURS
    assert rooms == {"content", "records"}


def test_the_child_loads_none_of_the_packages_of_other_rooms(loaded: set[str]) -> None:
    """`cryptography` is pypdf's, for encrypted files."""
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {
        "nacl",
        "requests",
        "urllib3",
        "fontTools",
        "numpy",
        "PIL",
        "jwt",
        "httpx",
        "sqlalchemy",
        "fastapi",
        "boto3",
        "rfc8785",
    }


def test_the_child_that_makes_pictures_loads_no_other_room_either() -> None:
    """And numpy and codecs, which the child that judges deposits does without."""
    names = {name.partition(".")[0] for name in modules_after("content.pixels.child")}
    assert names & OURS == {"content", "records"}
    assert names >= {"numpy", "PIL", "gdcm"}
    assert not names & {"nacl", "jwt", "httpx", "sqlalchemy", "fastapi", "boto3", "rfc8785"}


def test_another_room_would_be_seen() -> None:
    assert "audit" in {name.partition(".")[0] for name in modules_after("audit.canonical")}
