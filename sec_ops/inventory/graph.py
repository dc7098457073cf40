"""The dependencies of key systems as text that draws itself: Mermaid and DOT."""

from collections.abc import Callable

from sec_ops.inventory.inventory import Inventory
from sec_ops.model.organisation import KeySystem
from sec_ops.model.text import printable
from sec_ops.model.values import Text

__all__ = ["dot", "mermaid"]

Spoken = Callable[[Text], str]
"""Choose a text's language."""


def mermaid(inventory: Inventory, spoken: Spoken) -> str:
    """Return a Mermaid flow chart: an arrow leads from a system to what it depends on."""
    names = _numbered(inventory)
    lines = ["flowchart LR"]
    lines += [f'  {names[each.id]}["{_mermaid_text(_label(each, spoken))}"]' for each in inventory.systems.values()]
    lines += [f"  {names[system]} --> {names[other]}" for system, other in _edges(inventory)]
    return "\n".join(lines) + "\n"


def dot(inventory: Inventory, spoken: Spoken) -> str:
    """Return the same graph for Graphviz."""
    lines = ["digraph systems {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    lines += [
        f"  {_dot_text(each.id)} [label={_dot_text(_label(each, spoken))}];" for each in inventory.systems.values()
    ]
    lines += [f"  {_dot_text(system)} -> {_dot_text(other)};" for system, other in _edges(inventory)]
    return "\n".join([*lines, "}"]) + "\n"


def _numbered(inventory: Inventory) -> dict[str, str]:
    return {name: f"s{number}" for number, name in enumerate(inventory.systems, 1)}


def _edges(inventory: Inventory) -> list[tuple[str, str]]:
    return [(system.id, other) for system in inventory.systems.values() for other in system.depends_on]


def _label(system: KeySystem, spoken: Spoken) -> str:
    return printable(f"{spoken(system.name)} {system.grading}").replace("\n", " ")


def _mermaid_text(text: str) -> str:
    """Spell what Mermaid or HTML would act on as character entities."""
    return "".join(f"#{ord(each)};" if each in '"#<>&;`' else each for each in text)


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
