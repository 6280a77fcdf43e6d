"""Write the pages that the code can print: `python docs/generate.py`; with `--check` it only compares.

docs/verdicts.md comes from the tables of `content/verdicts.py`, `content/pdf/agreement.py`,
`ingestion/outcomes.py` and `client/send/verdicts.py`,
docs/deposits.md from those of `ingestion/intake/fhir/document_reference_elements.py` and
`ingestion/intake/stow/rules.py`,
docs/problems.md from the status table of `records/http_statuses.py` and every place where an error is made.
docs/requirements.md from `docs/requirements_table.py` and the tests that are marked with a requirement.
docs/rules.md from the tables of `records/vocabulary`, by `docs/rules_page.py`.
Of docs/api.md and docs/upgrade.md it writes what stands between marks.
"""

import ast
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
ROOMS = (
    *("records", "audit", "keyvault", "storage", "content"),
    *("ingestion", "viewer_api", "sign_in", "client", "coffre"),
)
# of the top room, these serve HTTP callers; the others are the command line
SERVING = frozenset(
    {
        "coffre.serving.app",
        "coffre.installation.identity",
        "coffre.installation.installation",
        "coffre.serving.callers.authentication",
        "coffre.serving.callers.presented",
        "coffre.serving.callers.limits",
        "coffre.housekeeper.sweeping",
        "coffre.serving.problems",
        "coffre.wiring",
        "coffre.processes.worker_pool",
    }
)
SHOWN = (503, 507)  # faults of ours whose sentence reaches the caller
NOTE = "<!-- Written by docs/generate.py; change the code and run it again. -->\n\n"

VERDICTS_INTRO = """\
What a depositor is told about each part, in `GET /submissions/{id}` and, for STOW-RS, with code and first
words in ErrorComment (0000,0902). A code never changes its meaning. The worst finding of a part decides: a
part without any is published.
"""
PROBLEMS_INTRO = """\
Every error has a code that stays and a sentence that says what to do; neither ever holds content or an
identity. Over HTTP it is `application/problem+json` (RFC 9457) with the members `type`, `title`,
`status`, `code` and `detail`, and an OperationOutcome under `/fhir`. `…` stands for what is filled in.
"""
DEPOSITS_INTRO = """\
What becomes of each thing that a depositor can say. *Honoured*: it decides or is verified. *Kept*: it is
with the document, and `GET /fhir/DocumentReference/{id}` gives it back. *Without effect*: known, and harmless
for the reason that stands there. *Refused*: the deposit is, with the code; nothing of it is kept. What FHIR
R4 does not define is `unknown_element`, what has another shape `bad_element`, a member given twice
`member_twice`.
"""
DECISIONS_INTRO = """
## Whole content in a flawed frame

A flaw of known writers is a warning where every byte of the content is there, and a refusal where some may
be missing. Each was decided on what a radiology department loses either way. Bytes are never altered.

"""
READERS_INTRO = """
## Two readers of one PDF

Each PDF is read by pypdf and by qpdf, and what either of them finds counts: JavaScript that one alone sees
is refused. Where an entry occurs twice in an object, pypdf takes the first and qpdf the last, so that both
are examined. About the structure they have to agree as follows. A password that either asks for is
`pdf_password`; any other pair is `pdf_unreadable`, or `pdf_too_complex` where one met a limit. After them,
the text of the file is searched for objects that no cross-reference names: earlier revisions, leftovers,
what only a repairing viewer would find.

"""
PERSON_INTRO = """
## Warnings that speak of the person

The part is published, and its sender, the doctor and the patient are told these words before anything about
the file's form; the list of documents has them as `cautions`. `COFFRE_IDENTITY_CHECK` decides which
differences set a part aside as `other_person` instead. `traits_differ` stands on documents that 0.1.0 took.

"""
IDENTIFIER_INTRO = """
## Warnings that speak of identifiers

Where two structures used the same identifiers in one record. Each document keeps its own bytes; whoever
sees both is told these words, in `cautions` of the list, on the pages and in the `Warning` header of
QIDO-RS. Who deposits under a Study Instance UID that another structure uses has `study_uid_shared` in the
verdict; operators see how often in the log and in `coffre_parts_sharing_identifiers`, without whose.

"""
SENDER_INTRO = """
## By `coffre send`, of files that never left

What is `skipped` is nothing Coffre takes; what `failed` may be, so that the command ends with exit code 1.

"""
REQUIREMENTS_INTRO = """\
What a host of the French shared medical record has to do, in one line each; comments and tests cite the
numbers, which are ours. A line is short for a whole requirement, the one that the national rules state:
articles L1111-8, L1111-17 to L1111-19, L1115-1, R1111-7, R1111-11 and R1111-28 to R1111-53 of the Code de la
santé publique; the guides and terminologies of the Agence du numérique en santé (INS, Pro Santé Connect, HDS,
CI-SIS, DRIM-M, TRE_A07); the integration guide of the DMP, as far as it is quoted in public. **done**:
nothing of that whole requirement is missing, and the tests named show it. **part**: tests show some of it,
within the limits that the line says. **open**: no test shows anything of it.
A test is marked with `@pytest.mark.requirement`. Nothing is certified.
"""
ANSWERS_INTRO = """\
Beside these: `bad_request` 422 (names the fields to correct), `no_such_address` 404,
`method_not_allowed` 405, `not_acceptable` 406. Some come from rooms that also serve workers, so that not
each of them can be met on a route.
"""
FAULTS_INTRO = """\
Status 500. The caller reads the code and a general sentence; the one below stays in the process. A fault
without a code of its own is `internal`.
"""
COMMANDS_INTRO = """\
Printed on standard error as `code: sentence`. The codes above can be met here too.
"""

sys.path[:0] = [str(ROOT), str(DOCS)]

import rules_page  # noqa: E402
from requirements_table import REQUIREMENTS  # noqa: E402

from client.send.verdicts import TROUBLES  # noqa: E402
from coffre.command_line.exits import MEANINGS  # noqa: E402
from coffre.serving.answers.deprecations import DEPRECATED  # noqa: E402
from coffre.serving.answers.origins import ADMITTED_HEADERS, EXPOSED_HEADERS, METHODS  # noqa: E402
from coffre.serving.problems import status_of  # noqa: E402
from content.pdf.agreement import AGREEMENT  # noqa: E402
from content.verdicts import DECISIONS, VERDICTS, Outcome  # noqa: E402
from ingestion.intake.fhir.document_reference_elements import ELEMENTS  # noqa: E402
from ingestion.intake.stow.response import FAILURE_REASONS, REASONS, STORED_WITH_WARNING  # noqa: E402
from ingestion.intake.stow.rules import (  # noqa: E402
    METADATA,
    PARAMETERS,
    PART_HEADERS,
    REQUEST_HEADERS,
)
from ingestion.intake.treatments import Rule  # noqa: E402
from ingestion.outcomes import JUDGEMENTS  # noqa: E402
from records.errors import CoffreError  # noqa: E402
from records.http_statuses import STATUS  # noqa: E402
from records.imaging.attributes import ATTRIBUTES, MADE_LAST, Level  # noqa: E402
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS  # noqa: E402
from records.vocabulary.person_warnings import PERSON_WARNINGS  # noqa: E402
from records.vocabulary.shapes import FIRST_ROLLING, SHAPES  # noqa: E402
from viewer_api.qido.parameters import LEVELS  # noqa: E402

_OUTCOMES = {
    Outcome.REJECT: "Refused",
    Outcome.QUARANTINE: "Set aside under quarantine",
    Outcome.WARN: "Kept, with a warning",
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error as a caller meets it. `status` is what HTTP answers; 0: only the command line says it."""

    code: str
    status: int
    sentence: str


def verdicts() -> str:
    """The page of what can become of a part."""
    lines = [
        NOTE,
        "# Verdicts\n\n",
        VERDICTS_INTRO,
    ]
    for outcome, title in _OUTCOMES.items():
        lines += [f"\n## {title}, by the validators\n\n", "| code | sentence | standard |\n|---|---|---|\n"]
        rows = (verdict for verdict in VERDICTS.values() if verdict.outcome is outcome)
        lines += [f"| `{each.code}` | {_cell(each.sentence)} | {each.standard} |\n" for each in rows]
    lines += [DECISIONS_INTRO, "| flaw | verdict | why |\n|---|---|---|\n"]
    lines += [
        f"| {_cell(each.flaw)} | {f'`{each.code}`' if each.code else 'none'} | {_cell(each.reason)} |\n"
        for each in DECISIONS
    ]
    lines += [READERS_INTRO, "| pypdf | qpdf | verdict |\n|---|---|---|\n"]
    lines += [
        f"| {first.value} | {second.value} | {f'`{code}`' if code else 'none'} |\n"
        for (first, second), code in AGREEMENT.items()
    ]
    lines += ["\n## By the pipeline and the vault\n\n", "| code | outcome | sentence |\n|---|---|---|\n"]
    lines += [f"| `{j.code}` | {j.outcome.value} | {_cell(j.reason)} |\n" for j in JUDGEMENTS.values()]
    lines += [PERSON_INTRO, "| code | sentences |\n|---|---|\n"]
    lines += [
        f"| `{code}` | {french}<br>{english} |\n" for code, (french, english) in PERSON_WARNINGS.items()
    ]
    lines += [IDENTIFIER_INTRO, "| code | sentences |\n|---|---|\n"]
    lines += [
        f"| `{code}` | {french}<br>{english} |\n" for code, (french, english) in IDENTIFIER_WARNINGS.items()
    ]
    lines += [SENDER_INTRO, "| code | outcome | sentence |\n|---|---|---|\n"]
    lines += [
        f"| `{code}` | {outcome.value} | {_cell(text)} |\n" for code, (outcome, text) in TROUBLES.items()
    ]
    return "".join(lines)


def deposits() -> str:
    """The page of every element of a deposit."""
    resource = [rule for rule in ELEMENTS.values() if rule.name[0].islower()]
    types = [rule for rule in ELEMENTS.values() if rule.name[0].isupper()]
    lines = [NOTE, "# What becomes of what a depositor says\n\n", DEPOSITS_INTRO]
    lines += ["\n## DocumentReference (FHIR R4 section 10.3, IHE MHD ITI-105)\n\n", *_rules(resource)]
    lines += ["\n## Its data types\n\n", *_rules(types)]
    for title, rules in (
        ("Headers of a Store request (STOW-RS, PS3.18 section 10.5)", REQUEST_HEADERS),
        ("Parameters of Content-Type; any that is given twice is `bad_content_type`", PARAMETERS),
        ("Headers of a part", PART_HEADERS),
        ("Metadata of bulk data (DICOM JSON, Native DICOM XML)", METADATA),
    ):
        lines += [f"\n## {title}\n\n", *_rules(rules.values())]
    return "".join(lines)


def _rules(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| what | what becomes of it | |\n|---|---|---|\n"
    for rule in rules:
        code = f" (`{rule.code}`)" if rule.code else ""
        yield f"| `{rule.name}` | {rule.treatment.value}{code} | {_cell(rule.note)} |\n"


def problems() -> str:
    """The page of every error with a code."""
    found = sorted(set(_problems()))
    faults = [each for each in found if each.status >= 500 and each.status not in SHOWN]
    faults = [each for each in faults if each.code not in STATUS]  # named there, it says so itself
    answers = [each for each in found if each.status and each not in faults]
    commands = [each for each in found if not each.status]
    lines = [
        NOTE,
        "# Problems\n\n",
        PROBLEMS_INTRO,
        "\n## Answers\n\n",
        ANSWERS_INTRO,
        "\n| code | status | sentence |\n|---|---|---|\n",
        *(f"| `{each.code}` | {each.status} | {_cell(each.sentence)} |\n" for each in answers),
        "\n## Faults\n\n",
        FAULTS_INTRO,
        "\n| code | sentence |\n|---|---|\n",
        *(f"| `{each.code}` | {_cell(each.sentence)} |\n" for each in faults),
        "\n## Commands\n\n",
        COMMANDS_INTRO,
        "\n| code | sentence |\n|---|---|\n",
        *(f"| `{each.code}` | {_cell(each.sentence)} |\n" for each in commands),
        "\n## Exit codes\n\n| exit code | what it says |\n|---|---|\n",
        *(f"| {each.value} | {_cell(meaning)} |\n" for each, meaning in MEANINGS.items()),
    ]
    return "".join(lines)


def requirements() -> str:
    """The page of the requirements, each with the tests that are marked with its number.

    Raises LookupError where a requirement of which nothing is missing has no test, or a mark names none.
    """
    marked = marked_tests()
    if unknown := sorted(set(marked) - set(REQUIREMENTS)):
        raise LookupError(f"No requirement has the number that tests are marked with: {unknown}")
    lines, section = [NOTE, "# Requirements\n\n", REQUIREMENTS_INTRO], ""
    for number, each in REQUIREMENTS.items():
        tests = marked.get(number, [])
        if not each.missing and not tests:
            raise LookupError(f"Nothing is missing of {number}, and no test is marked with it.")
        if each.section != section:
            section = each.section
            lines.append(
                f"\n## {section}\n\n| | requirement | state | limits | tests |\n|---|---|---|---|---|\n"
            )
        state = "done" if not each.missing else "part" if tests else "open"
        lines.append(f"| {number} | {each.text} | {state} | {each.missing} | {'<br>'.join(tests)} |\n")
    return "".join(lines)


def marked_tests() -> Mapping[str, list[str]]:
    """By requirement, the tests that are marked with it: `file` and name, in order."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in _numbers(node):
                    found.setdefault(number, []).append(f"`{path.relative_to(ROOT)}` {node.name}")
    return found


def _numbers(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
            yield from (ast.literal_eval(argument) for argument in mark.args)


def marked(page: str) -> str:
    """A page as it is, with what the code knows written anew between its marks."""
    text = (DOCS / page).read_text("utf-8")
    for name, part in PARTS[page].items():
        mark = re.compile(rf"(<!-- {name}, written by docs/generate.py -->\n).*?(<!-- end -->)", re.DOTALL)
        text, times = mark.subn(lambda found, part=part: f"{found[1]}{part()}{found[2]}", text)
        if times != 1:
            raise LookupError(f"docs/{page} has {times} places for: {name}")
    return text


def deprecations() -> str:
    """Addresses that are to go, with what takes their place."""
    lines = [
        f"| {each.methods} `{each.path}` | {each.since:%Y-%m-%d} | {each.until:%Y-%m-%d} | {each.instead} |\n"
        for each in DEPRECATED
    ]
    head = "| address | deprecated since | goes on | instead |\n|---|---|---|---|\n"
    return "".join([head, *lines]) if lines else "None at present.\n"


def shapes() -> str:
    """Since which version each sealed shape that followed another is read and written."""
    lines = ["| shape | read since | written since |\n|---|---|---|\n"]
    lines += [
        f"| `{label}` | {since.read} | {since.written or 'no release'} |\n" for label, since in SHAPES.items()
    ]
    return "".join([*lines, f"\nThe rule holds for what is written since a version after {FIRST_ROLLING}.\n"])


def failure_reasons() -> str:
    """Numbers as answers hold them: decimal in DICOM JSON (PS3.18 table F.2.3-1)."""
    lines = ["| FailureReason | in the standard | why | codes |\n|---|---|---|---|\n"]
    for number, why in REASONS.items():
        codes = ", ".join(f"`{code}`" for code, reason in FAILURE_REASONS.items() if reason == number)
        lines.append(f"| {number} | {number:04X}H | {why} | {codes or 'every other'} |\n")
    lines.append(
        f"\nWarningReason is {STORED_WITH_WARNING} ({STORED_WITH_WARNING:04X}H); the comment has the code.\n"
    )
    return "".join(lines)


def searched_by() -> str:
    lines = ["| search for | attributes |\n|---|---|\n"]
    searched = [each for each in ATTRIBUTES if each.path not in MADE_LAST]
    for level in Level:
        named = ", ".join(f"{each.keyword} ({each.path})" for each in searched if each.level is level)
        lines.append(f"| {LEVELS[level]} | {named} |\n")
    return "".join(lines)


def cross_origin() -> str:
    return (
        f"A preflight admits {', '.join(METHODS)} and the headers {_listed(ADMITTED_HEADERS)}. "
        f"Answers, errors too, show {_listed(EXPOSED_HEADERS)}.\n"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _problems() -> Iterator[Problem]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if not path.name.startswith("v0") and "sandbox_child" not in name:
                yield from _of_module(path, name)


def _of_module(path: Path, name: str) -> Iterator[Problem]:
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    if not any(_code(call) for call in calls):
        return
    module = importlib.import_module(name)
    serving = not name.startswith(("coffre.", "client.")) or name in SERVING
    for call in calls:
        kind = getattr(module, call.func.id, None) if isinstance(call.func, ast.Name) else None
        code, sentence = _code(call), _text(call.args[0])
        if code and sentence and isinstance(kind, type) and issubclass(kind, CoffreError):
            yield Problem(code, _status(kind, code) if serving else 0, sentence)


def _status(kind: type[CoffreError], code: str) -> int:
    error = CoffreError.__new__(kind)
    error.code = code
    return status_of(error)


def _code(call: ast.Call) -> str | None:
    given = next((word.value for word in call.keywords if word.arg == "code"), None)
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "…" for part in node.values)
    return None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "api.md": {
        "failure reasons": failure_reasons,
        "searched by": searched_by,
        "other origins": cross_origin,
    },
    "upgrade.md": {"shapes": shapes, "deprecations": deprecations},
}
"""What is written within a page, by the words of its marks."""
PAGES = {
    DOCS / "verdicts.md": verdicts,
    DOCS / "problems.md": problems,
    DOCS / "deposits.md": deposits,
    DOCS / "requirements.md": requirements,
    DOCS / "rules.md": lambda: NOTE + rules_page.rules(),
    **{DOCS / page: partial(marked, page) for page in PARTS},
}


def main() -> int:
    """Write the pages; with --check say which are stale, and answer 1 if any is."""
    stale = [path for path, page in PAGES.items() if not path.exists() or path.read_text("utf-8") != page()]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"docs/{path.name} is stale: run python docs/generate.py\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(PAGES[path](), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
