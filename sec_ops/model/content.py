"""Where content comes from: every object carries its layer and digest."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

__all__ = ["Layer", "Loaded", "Origin"]

T = TypeVar("T")


class Layer(StrEnum):
    """Which layer an object came from; the site's lies over the shipped one."""

    SHIPPED = "shipped"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """File and digest of an object; `path` is below its layer's root. A patched object names what was patched."""

    layer: Layer
    path: str
    line: int
    sha256: str
    patched: "Origin | None" = None


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A value with its origin."""

    value: T
    origin: Origin
