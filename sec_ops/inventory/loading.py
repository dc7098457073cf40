"""Reading an inventory: organisation, systems and people from YAML, hosts through `ansible-inventory`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sec_ops.content.kinds import CLAUSES, PEOPLE, SYSTEMS, UNITS, Kind
from sec_ops.content.library import Library
from sec_ops.identity.people import people_faults
from sec_ops.inventory.hosts import Hosts, holds_no_secret, read_hosts
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.places import HOSTS_FILE, Places
from sec_ops.inventory.references import reference_faults
from sec_ops.model.content import Layer
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.protocols import RunProgram
from sec_ops.transport.ansible import inventory_list

__all__ = ["load_inventory"]


def load_inventory(
    site_root: Path | None, run_program: RunProgram, *, library: Library | None = None, cache: Path | None = None
) -> Inventory:
    """Return the inventory of a site, or the shipped example when there is no site.

    A site's `inventory/` stands alone: nothing of the example mixes in. `library` spares reading content twice; `cache`
    is a folder that may be lost, where the answer of `ansible-inventory` is kept by the digest of what it read. Raises
    ContentInvalid with every fault of every file, ProgramMissing when Ansible is not installed.
    """
    library = library or Library.open(site_root)
    folder = (site_root or library.shipped_root) / "inventory"
    faults = list(library.faults(UNITS, SYSTEMS, PEOPLE))
    hosts = _hosts(folder, run_program, cache, faults)
    inventory = Inventory(
        folder=folder,
        layer=Layer.SHIPPED if site_root is None else Layer.SITE,
        units=_values(library, UNITS),
        systems=_values(library, SYSTEMS),
        people=_values(library, PEOPLE),
        hosts=hosts.hosts,
        groups=hosts.groups,
    )
    if not faults:
        faults = [*library.faults(CLAUSES)] or [*people_faults(library), *reference_faults(inventory, library)]
    if faults:
        raise ContentInvalid(sorted(faults, key=lambda fault: (fault.file, fault.line)))
    return inventory


def _values(library: Library, kind: Kind[Any]) -> Mapping[str, Any]:
    return {} if library.faults(kind) else {name: loaded.value for name, loaded in library.objects(kind).items()}


def _hosts(folder: Path, run_program: RunProgram, cache: Path | None, faults: list[Fault]) -> Hosts:
    if not (folder / HOSTS_FILE).is_file():
        return Hosts(hosts={}, groups={}, faults=())
    try:
        listing = inventory_list(folder / HOSTS_FILE, run_program, cache, may_keep=holds_no_secret)
    except ContentInvalid as error:
        faults.extend(error.faults)
        return Hosts(hosts={}, groups={}, faults=())
    hosts = read_hosts(listing, Places.of(folder).locate)
    faults.extend(hosts.faults)
    return hosts
