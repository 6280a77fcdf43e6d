"""`coffre check`: objects, index, vault and log compared with one another, in pages of bounded size.

Servers may run meanwhile. Each pass reads a page of one side and looks its rows up on the other, in the
order in which rows come to be (index before vault for what is adopted, vault before index for what is
published), so that work in hand is never taken for damage; what looks wrong is looked at once more.
"""

from dataclasses import dataclass

from coffre.safekeeping.checking.documents import check_documents, check_instances
from coffre.safekeeping.checking.index_side import check_index_side
from coffre.safekeeping.checking.leftovers import check_leftovers
from coffre.safekeeping.checking.sides import Sides
from coffre.safekeeping.checking.vault_side import check_vault_side
from coffre.safekeeping.findings import REPAIRED_BY, Findings
from records.errors import CoffreError


@dataclass(frozen=True, slots=True)
class Check:
    """One check of all sides."""

    sides: Sides

    def run(self) -> Findings:
        _check_log(self.sides)
        check_vault_side(self.sides)
        check_index_side(self.sides)
        check_documents(self.sides)
        check_instances(self.sides)
        check_leftovers(self.sides)
        return self.sides.found

    def again(self) -> Findings:
        """Look once more for what a repair mends."""
        self.sides.found.forget(REPAIRED_BY)
        check_documents(self.sides)
        check_leftovers(self.sides)
        return self.sides.found


def _check_log(sides: Sides) -> None:
    try:
        report = sides.vault.verify_log()
    except CoffreError as error:
        sides.found.add("log_broken", error.code)
    else:
        sides.saw("entries", report.size + report.pending)
