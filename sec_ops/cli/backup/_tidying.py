"""Tidying up after a command: what can't be removed now is told, and removed another time."""

from sec_ops.backup.record.record import Record
from sec_ops.backup.tidying import tidy
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.output import note
from sec_ops.model.errors import StorageError

__all__ = ["tidied"]


def tidied(room: Room, record: Record) -> None:
    """Remove what the site's settings no longer keep."""
    assert room.site is not None  # noqa: S101 - the example keeps nothing
    try:
        tidy(record, room.site.runs, days=room.settings.history_days)
    except StorageError as error:
        note(error.what)
