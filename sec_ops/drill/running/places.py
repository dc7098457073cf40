"""Places of services: each has a port of its own, and settings may name the places of services made before them."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from sec_ops.drill.service import Place, Standing
from sec_ops.drill.service import filled as filled_text

__all__ = ["Known", "filled", "ports", "told_of"]

Known = Mapping[str, str]
"""Texts by what stands for them in settings: `database.port`, of another system `identity-service.directory.port`."""

_FIRST_PORT = 20_001


def ports() -> Iterator[int]:
    """Return ports that are free in a sandbox, which is alone on its loopback; `next` may be asked by any thread."""
    return iter(itertools.count(_FIRST_PORT))


def told_of(place: Place, standing: Standing) -> dict[str, str]:
    """Return what others may know of a service: `server`, `port`, `folder`, and what its clients are told."""
    known = {"server": "127.0.0.1", "port": str(place.port), "folder": place.inside()}
    return known | {name: str(value) for name, value in standing.client.items() if value is not None}


def filled(settings: Any, known: Known) -> Any:  # noqa: ANN401 - a document
    """Return a document whose texts have known places put in for `{database.port}`; unknown ones stay as they are."""
    if isinstance(settings, Mapping):
        return {name: filled(value, known) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [filled(each, known) for each in settings]
    if isinstance(settings, str):
        return filled_text(settings, known)
    return settings
