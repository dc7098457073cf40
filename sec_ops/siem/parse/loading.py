"""The parsers and the field catalogue of a library, made into what understands its sources."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Final

from sec_ops.content.kinds import FIELDS, PARSERS
from sec_ops.content.library import Library
from sec_ops.model.log_parser import LogParser
from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.parse.compiled import Compiled
from sec_ops.siem.parse.moments import zone_named
from sec_ops.siem.parse.plans import Structure
from sec_ops.siem.parse.routing import Router
from sec_ops.siem.parse.session import ParsingSession
from sec_ops.siem.records import Origin
from sec_ops.siem.understanding import Session, Understand

__all__ = ["DEFAULT_ZONE", "field_types", "load_understanding", "understanding"]

DEFAULT_ZONE: Final = "Asia/Shanghai"


def field_types(library: Library) -> FieldTypes:
    """Return the field catalogue of the shipped layer and the site's; raises ContentInvalid."""
    return FieldTypes({name: FieldType(loaded.value.type) for name, loaded in library.objects(FIELDS).items()})


def load_understanding(library: Library, zone: str = DEFAULT_ZONE) -> Understand:
    """Return the understanding of all enabled parsers; `zone` is the site's. Raises ContentInvalid."""
    parsers = {name: loaded.value for name, loaded in library.objects(PARSERS).items()}
    return understanding(parsers, field_types(library), zone)


def understanding(parsers: Mapping[str, LogParser], fields: FieldTypes, zone: str = DEFAULT_ZONE) -> Understand:
    """Return the understanding of the parsers that are enabled.

    Raises KeyError for an engine and ValueError for options, patterns or times that `content lint` would have found.
    """
    structure = Structure(fields)
    router = Router(_compiled(parsers.values(), structure))
    here: tzinfo | None = zone_named(zone)
    if here is None:
        raise ValueError(zone)

    def begin(origin: Origin, pending: bytes = b"") -> Session:
        return ParsingSession(origin, router, here, pending)

    return begin


def _compiled(parsers: Iterable[LogParser], structure: Structure) -> Iterable[Compiled]:
    return [Compiled(parser, structure) for parser in parsers if parser.enabled]
