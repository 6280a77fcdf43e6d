"""The index over a SQL database: one object with every verb of the port."""

from storage.index.claims import Claims
from storage.index.cpu_uses import CpuUses
from storage.index.directory import Directory
from storage.index.documents import Documents
from storage.index.inventory import SqlInventory
from storage.index.keeping import Keeping
from storage.index.maintenance import Maintenance
from storage.index.months import Months
from storage.index.own_deposits import OwnDeposits
from storage.index.publications import Publications
from storage.index.queue import Queue
from storage.index.renditions import Renditions
from storage.index.taking import Taking
from storage.index.uploads import Uploads


class SqlIndex(
    Uploads,
    Queue,
    Taking,
    Claims,
    Publications,
    Documents,
    OwnDeposits,
    Maintenance,
    Renditions,
    CpuUses,
    Directory,
    Keeping,
    Months,
):
    """An `Index` (see `storage.ports.index`) in the tables of `storage.index.tables`."""

    @property
    def inventory(self) -> SqlInventory:
        """The same tables page by page."""
        return SqlInventory(self._database)
