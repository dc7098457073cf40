"""`sec-ops inventory`: check, list, graph."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit
from sec_ops.cli.table import table
from sec_ops.inventory.inventory import Inventory
from sec_ops.model.organisation import Host, KeySystem, Unit
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.model.values import Text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language

app = typer.Typer(
    help=_("The organisation tree, key systems and hosts."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Example = Annotated[bool, typer.Option("--example", help=_("the example organisation that ships with sec-ops"))]


class GraphForm(StrEnum):
    """How the graph is written."""

    MERMAID = "mermaid"
    DOT = "dot"


@app.command(help=_("Tell every fault of the inventory, references included; exit 4 when there is one."))
def check(*, example: Example = False) -> Iterable[Outcome]:
    """Load everything and follow every reference."""
    inventory = _load(example=example)
    body = _counts(inventory)
    emit("sec-ops/inventory-check", {**body, "faults": []}, text=lambda: _checked(body, inventory))
    return ()


@app.command(name="list", help=_("Show units, key systems or hosts; all three when none is asked for."))
def list_inventory(
    *,
    units: Annotated[bool, typer.Option("--units", help=_("the organisation tree"))] = False,
    systems: Annotated[bool, typer.Option("--systems", help=_("key systems"))] = False,
    hosts: Annotated[bool, typer.Option("--hosts", help=_("hosts"))] = False,
    example: Example = False,
) -> Iterable[Outcome]:
    """List what the inventory holds."""
    inventory = _load(example=example)
    everything = not (units or systems or hosts)
    body: dict[str, list[dict[str, Any]]] = {}
    if units or everything:
        body["units"] = [each.model_dump(mode="json") for each in inventory.units.values()]
    if systems or everything:
        body["systems"] = [_system(each, inventory) for each in inventory.systems.values()]
    if hosts or everything:
        body["hosts"] = [_host(each, inventory) for each in inventory.hosts.values()]
    emit("sec-ops/inventory-list", body, text=lambda: "\n\n".join(_sections(inventory, body)))
    return ()


@app.command(help=_("Draw which key system depends on which, as Mermaid or DOT text."))
def graph(
    *,
    form: Annotated[GraphForm, typer.Option("--format", help=_("mermaid or dot"))] = GraphForm.MERMAID,
    example: Example = False,
) -> Iterable[Outcome]:
    """Write the dependency graph."""
    from sec_ops.inventory.graph import dot, mermaid

    inventory = _load(example=example)
    text = (mermaid if form is GraphForm.MERMAID else dot)(inventory, _spoken)
    edges = [[each.id, other] for each in inventory.systems.values() for other in each.depends_on]
    emit("sec-ops/inventory-graph", {"edges": edges, "format": form.value, "graph": text}, text=lambda: text)
    return ()


def _load(*, example: bool) -> Inventory:
    from sec_ops.inventory.loading import load_inventory
    from sec_ops.runtime.site import find_site
    from sec_ops.transport.process import run_program

    if example:
        return load_inventory(None, run_program)
    site = find_site(current().site)
    return load_inventory(site.root, run_program, cache=site.state / "inventory")


def _counts(inventory: Inventory) -> dict[str, int]:
    return {
        "units": len(inventory.units),
        "systems": len(inventory.systems),
        "hosts": len(inventory.hosts),
        "people": len(inventory.people),
    }


def _checked(counts: dict[str, int], inventory: Inventory) -> str:
    lines = [f"{name:<8} {count:>5}" for name, count in counts.items()]
    alone = [name for name in inventory.hosts if not inventory.systems_of(name)]
    if alone:
        lines.append(_("hosts of no key system: {hosts}").format(hosts=printable(", ".join(alone))))
    return "\n".join([*lines, _("no faults")])


def _system(system: KeySystem, inventory: Inventory) -> dict[str, Any]:
    hosts = [host.name for host in inventory.hosts_of(system.id)]
    return {**system.model_dump(mode="json"), "level": system.level, "host_names": hosts}


def _host(host: Host, inventory: Inventory) -> dict[str, Any]:
    return {
        "name": host.name,
        "address": host.address,
        "port": host.port,
        "user": host.user,
        "privilege": host.privilege,
        "unit": inventory.unit_of(host.name),
        "systems": [system.id for system in inventory.systems_of(host.name)],
        "groups": list(host.groups),
    }


def _sections(inventory: Inventory, body: dict[str, list[dict[str, Any]]]) -> Iterable[str]:
    if "units" in body:
        yield "\n".join(_tree(inventory))
    if "systems" in body:
        yield table(
            (_("system"), _("name"), _("grading"), _("filing number"), _("operator"), "RTO", "RPO", _("hosts")),
            [_system_cells(each, inventory) for each in inventory.systems.values()],
        )
    if "hosts" in body:
        yield table(
            (_("host"), _("address"), _("privilege"), _("systems"), _("unit")),
            [_host_cells(each) for each in body["hosts"]],
        )


def _tree(inventory: Inventory) -> Iterable[str]:
    """Yield the organisation tree, each unit below its parent."""
    waiting = [(unit, 0) for unit in inventory.units.values() if unit.parent is None]
    while waiting:
        unit, depth = waiting.pop(0)
        yield printable(f"{'  ' * depth}{unit.id}  {_spoken(unit.name)}  {_contact(unit, inventory)}".rstrip())
        waiting[:0] = [(each, depth + 1) for each in inventory.units.values() if each.parent == unit.id]


def _contact(unit: Unit, inventory: Inventory) -> str:
    return inventory.people[unit.contact].name if unit.contact else ""


def _system_cells(system: KeySystem, inventory: Inventory) -> tuple[str, ...]:
    return (
        system.id,
        _spoken(system.name),
        system.grading,
        system.record_number or _("not filed"),
        inventory.people[system.operator].name,
        _duration(system.rto_seconds),
        _duration(system.rpo_seconds),
        str(len(inventory.hosts_of(system.id))),
    )


def _host_cells(host: dict[str, Any]) -> tuple[str, ...]:
    address = f"[{host['address']}]" if ":" in host["address"] else host["address"]
    port = "" if host["port"] == _SSH_PORT else f":{host['port']}"
    return host["name"], f"{address}{port}", host["privilege"], ", ".join(host["systems"]), host["unit"]


_SSH_PORT = 22
_HOUR, _MINUTE = 3600, 60


def _duration(seconds: int) -> str:
    if seconds and seconds % _HOUR == 0:
        return _("{hours} h").format(hours=seconds // _HOUR)
    return _("{minutes} min").format(minutes=f"{seconds / _MINUTE:g}")


def _spoken(text: Text) -> str:
    return text.spoken(language())
