"""Mutation testing of the modules that decide: `python -m tests.mutations`, in `make test-long`.

mutmut changes one thing at a time in them (`[tool.mutmut]` in pyproject.toml) and runs their tests. Whatever
survives changes no decision, or a test is missing: each survivor is a sentence that people read, or stands
below with its reason. One that stands below and is killed is told, too.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

MUTMUT = Path(sys.executable).parent / "mutmut"
ALIVE = re.compile(r"^\s*(\S+): (survived|no tests|suspicious)$", re.MULTILINE)
_SENTENCE = re.compile(r'f?"[^"]*[ {][^"]*"|f?"XX[^"]*XX"')
_SAID = re.compile(r'(what=|raise \w+\(|^)(f?"[^"]*"|None)(?=[,)])')

_POLICY, _GIVING = "records.policy", "records.choices.authorising"
_HOLDER = "a holder whom we name ourselves: no rule looks at issuer or subject"
_REPLACED = "of a ground that begins: what follows replaces it"
KEPT: Mapping[tuple[str, str], str] = {
    (
        f"{_POLICY}.x_told_to_holder",
        'holder = Actor(role=Role.PATIENT, issuer=None, subject="", ins=record.card.ins)',
    ): _HOLDER,
    (
        f"{_POLICY}.x_told_to_holder",
        'holder = Actor(role=Role.PATIENT, issuer="", subject=None, ins=record.card.ins)',
    ): _HOLDER,
    (
        f"{_POLICY}.x_told_to_holder",
        'holder = Actor(role=Role.PATIENT, issuer="XXXX", subject="", ins=record.card.ins)',
    ): _HOLDER,
    (
        f"{_POLICY}.x_told_to_holder",
        'holder = Actor(role=Role.PATIENT, issuer="", subject="XXXX", ins=record.card.ins)',
    ): _HOLDER,
    (
        f"{_POLICY}.x_told_to_holder",
        "seen = visible(request, Facts(record, ), documents)",
    ): "the same: None is what a document is where none is given",
    (
        "records.rules.document.x__labels_stated",
        "if may_cumulate(None):",
    ): "a signature is no type that anybody deposits: the table of depositors refuses it before",
    (
        f"{_POLICY}.x_told_to_author",
        "as_deposited = replace(document, state=None)",
    ): "any state that is neither deleted nor deprecated",
    (f"{_GIVING}.x_authorise", "before = Ground(new_circle, now, None, given.consent)"): _REPLACED,
    (f"{_GIVING}.x_authorise", "before = Ground(new_circle, now, until, None)"): _REPLACED,
    (
        f"{_GIVING}.x__same",
        "return one.circle == other.circle if one.of_team or other.of_team else one.of_team == other.of_team",
    ): "the circle of a team is never that of an own ground: each is drawn",
    (
        "records.choices.authorisations.xǁGroundǁto_json",
        '"kinds": sorted(kinds, key=lambda pair: [each or "XXXX" for each in pair]),',
    ): "the order of kinds as they are sealed: a set is read back",
}
"""By function and by the line as it was changed: why no decision differs."""


def main() -> int:
    if not MUTMUT.exists():
        print("no mutations: this Python has no mutmut (pyproject.toml)")
        return 0
    subprocess.run([MUTMUT, "run"], check=False, stdout=subprocess.DEVNULL)
    listed = subprocess.run([MUTMUT, "results"], check=True, capture_output=True, text=True).stdout
    found = {name: _changed(name) for name, _ in ALIVE.findall(listed)}
    alive = {
        (_function(name), added): name for name, (removed, added) in found.items() if not said(removed, added)
    }
    for key in sorted(alive.keys() - KEPT.keys()):
        print(f"{alive[key]} survived: {key[1]}")
    for key in sorted(KEPT.keys() - alive.keys()):
        print(f"{key[0]} is killed, and stands among those that are kept: {key[1]}")
    return int(alive.keys() != KEPT.keys())


def _function(name: str) -> str:
    return name.rpartition("__mutmut_")[0]


def _changed(name: str) -> tuple[str, str]:
    """What stood there, and what the mutant has."""
    shown = subprocess.run([MUTMUT, "show", name], check=True, capture_output=True, text=True).stdout
    return _lines(shown, "-"), _lines(shown, "+")


def _lines(diff: str, sign: str) -> str:
    return " ".join(_after(diff, sign))


def _after(diff: str, sign: str) -> Iterator[str]:
    for line in diff.splitlines():
        if line.startswith(sign) and not line.startswith(sign * 3):
            yield line[1:].strip()


def said(removed: str, added: str) -> bool:
    """Whether nothing but a sentence differs, which people read and nothing decides by."""
    return removed != added and _plain(removed) == _plain(added)


def _plain(line: str) -> str:
    return _SENTENCE.sub('""', _SAID.sub(r'\1""', line))


if __name__ == "__main__":
    sys.exit(main())
