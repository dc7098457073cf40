"""A small site of two systems, two places and three repositories, to be changed file by file."""

from pathlib import Path
from typing import Any

import yaml

from sec_ops.content.library import Library
from sec_ops.inventory.inventory import Inventory
from sec_ops.model.content import Layer
from sec_ops.model.organisation import Host, KeySystem

__all__ = ["PLAN", "inventory", "library", "system"]

PLAN: dict[str, Any] = {
    "id": "records",
    "place": "centre",
    "answers": "chen",
    "sources": [{"id": "pages", "kind": "files", "host": "web-1", "settings": {"paths": ["/srv"]}}],
    "repository": "near",
    "timing": {"every_hours": 1},
    "retention": {"daily": 7},
    "copies": [{"repository": "far", "timing": {"every_hours": 2}, "retention": {"daily": 7}}],
}
_PLACES = {"centre": (36.0, 118.0), "annexe": (36.002, 118.003), "second": (36.45, 118.35)}
_OPENED: dict[str, Any] = {"password": {"file": "/no/such/key"}, "hosts": {"web-1": {}}}
_PERSON = {
    "id": "chen",
    "name": "陈",
    "unit": "city",
}


def system(name: str = "records", **changes: Any) -> dict[str, Any]:
    """Return a key system with an hour to come back and four hours to lose."""
    people = {"leader": "chen", "operator": "chen"}
    words = {"zh": name, "en": name}
    base = {"id": name, "name": words, "unit": "city", "grading": "S2A2G2", **people, "hosts": ["web-1"]}
    return {**base, "rto_seconds": 3600, "rpo_seconds": 14400, **changes}


def library(root: Path, *plans: dict[str, Any], **repositories: dict[str, Any]) -> Library:
    """Return the library of a site with these plans; repositories are given what differs."""
    places = [
        {"id": name, "name": {"zh": name, "en": name}, "address": name, "latitude": at[0], "longitude": at[1]}
        for name, at in _PLACES.items()
    ]
    _write(root / "backup/places.yml", {"places": places})
    for name, place in {"near": "centre", "far": "second", "next-door": "annexe"}.items():
        document = {"id": name, "place": place, "location": f"sftp:keeper@{name}.example:/srv", **_OPENED}
        _write(root / f"backup/repositories/{name}.yml", document | repositories.get(name, {}))
    for plan in plans:
        _write(root / f"backup/plans/{plan['id']}.yml", plan)
    _write(root / "inventory/people.yml", {"people": [_PERSON]})
    _write(root / "inventory/systems/records.yml", system())
    return Library.open(root)


def inventory(*systems: dict[str, Any]) -> Inventory:
    """Return an inventory with one host."""
    known = [KeySystem.model_validate(each) for each in systems or (system(),)]
    return Inventory(
        folder=Path(),
        layer=Layer.SITE,
        units={},
        systems={each.id: each for each in known},
        people={},
        hosts={"web-1": Host(name="web-1", address="192.0.2.1")},
        groups={},
    )


def _write(path: Path, document: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, allow_unicode=True))
