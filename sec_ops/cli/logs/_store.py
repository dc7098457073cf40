"""The site's store of events, as its configuration names it; all commands of `logs` open it here."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sec_ops.model.messages import Message, message
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.siem import opening
from sec_ops.siem.events import FieldTypes
from sec_ops.siem.storing import StoreFaults
from sec_ops.transport.process import run_program

__all__ = ["fault_text", "fields_of", "open_store"]


def fields_of(site: Site) -> FieldTypes:
    """Return the field catalogue, the shipped one and the site's; raises ContentInvalid."""
    from sec_ops.content.library import Library
    from sec_ops.siem.parse.loading import field_types

    return field_types(Library.open(site.root))


def fault_text(faults: StoreFaults) -> Message:
    """Return what to tell of a store that is known to be damaged."""
    return message(
        "incomplete: {files} event files are damaged, {events} events are lost until they are made again: {command}",
        files=len(faults.files),
        events=faults.lacking,
        command="sec-ops logs rebuild",
    )


@contextmanager
def open_store(site: Site, types: FieldTypes, kind: opening.StoreKind | None = None) -> Iterator[opening.OpenedStore]:
    """Open the store, or the one of that kind, for as long as the block runs.

    Raises ContentInvalid, StorageError, EngineError.
    """
    secrets = Secrets(run_program=run_program)
    settings = load_configuration(site).logs
    with closing(
        opening.open_store(site, settings, types, clock=SystemClock(), read_secret=secrets, kind=kind)
    ) as store:
        yield store
