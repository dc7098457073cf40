"""The event store that a site has, as `sec-ops.yml` names it."""

from pathlib import Path
from typing import Literal, Protocol

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.log_settings import LogSettings
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, SecretReader
from sec_ops.runtime.site import CONFIGURATION, Site
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.storing import Expiring, Movable

__all__ = ["OpenedStore", "StoreKind", "open_store"]

StoreKind = Literal["embedded", "elasticsearch"]


class OpenedStore(Movable, Expiring, Protocol):
    """What every store of events can do."""


def open_store(
    site: Site,
    settings: LogSettings,
    types: FieldTypes,
    *,
    clock: Clock,
    read_secret: SecretReader,
    kind: StoreKind | None = None,
) -> OpenedStore:
    """Return the site's store, or the one of that kind; the caller closes it.

    Raises ContentInvalid when the configuration doesn't say where the cluster is, EngineError when it doesn't answer,
    StorageError when the folder can't be used.
    """
    if (kind or settings.store) == "embedded":
        from sec_ops.siem.embedded.store import EmbeddedStore

        return EmbeddedStore(site.logs, types=types, clock=clock)
    return _elastic(site, settings, types, clock, read_secret)


def _elastic(
    site: Site, settings: LogSettings, types: FieldTypes, clock: Clock, read_secret: SecretReader
) -> OpenedStore:
    from sec_ops.siem.elastic.connecting import connect
    from sec_ops.siem.elastic.store import ElasticStore
    from sec_ops.siem.elastic.writing import Pace

    where = settings.elasticsearch
    if where is None:
        raise _missing(site.configuration)
    return ElasticStore(
        client=connect(where, site.root, read_secret),
        settings=where,
        types=types,
        folder=site.logs,
        clock=clock,
        pace=Pace(retry_seconds=where.retry_seconds, server_seconds=where.request_seconds / 2),
    )


def _missing(configuration: Path) -> ContentInvalid:
    what = message("{file} doesn't say where Elasticsearch is", file=CONFIGURATION)
    advice = message("add logs: elasticsearch: urls: [https://…:9200]")
    return ContentInvalid(
        [Fault(file=str(configuration), line=0, path="logs.elasticsearch", message=what, advice=advice)], what=what
    )
