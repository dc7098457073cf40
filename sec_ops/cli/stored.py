"""One event of the site's store, by the name of its record."""

from sec_ops.runtime.site import Site
from sec_ops.siem.events import Event

__all__ = ["stored_event"]


def stored_event(site: Site, record: str, time_us: int | None = None) -> Event | None:
    """Return the first event made of a raw record, None when the store has none; `time_us`, when known, makes it quick.

    Raises ContentInvalid, StorageError, EngineError.
    """
    from sec_ops.cli.logs._store import fields_of, open_store
    from sec_ops.siem.events import RECORD
    from sec_ops.siem.query.tree import Match
    from sec_ops.siem.storing import Request

    request = Request(
        query=Match(RECORD, (record,)),
        since_us=time_us,
        until_us=None if time_us is None else time_us + 1,
        limit=1,
        order="ascending",
    )
    with open_store(site, fields_of(site)) as store:
        return next(iter(store.search(request)), None)
