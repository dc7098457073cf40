"""Holds, kept beside the manifest in `store.db`, whichever store keeps the events."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sec_ops.model.errors import UsageError
from sec_ops.model.log_hold import Hold
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import waited
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.manifest import open_manifest
from sec_ops.siem.storing import DatasetDay, Expiring

__all__ = ["Holds", "holding", "undisturbed"]


class Holds:
    """The holds of a site; `folder` is `var/logs/`."""

    def __init__(self, folder: Path) -> None:
        """Open them; raises StorageError."""
        self._manifest = open_manifest(Layout.at(folder).manifest)
        self._folder = folder

    def all(self) -> Sequence[Hold]:
        """Return every hold, lifted ones too, in the order they were placed."""
        with self._manifest.reading() as connection:
            found = connection.execute("SELECT document FROM holds").fetchall()
        holds = [Hold.model_validate(json.loads(document)) for (document,) in found]
        return sorted(holds, key=lambda hold: (hold.placed, hold.id))

    def standing(self) -> Sequence[Hold]:
        """Return the holds that are not lifted."""
        return [hold for hold in self.all() if not hold.lifted]

    def named(self, name: str) -> Hold:
        """Return a standing hold by its id; raises UsageError when there is none."""
        for hold in self.standing():
            if hold.id == name:
                return hold
        what = message("no hold that stands has the id {id}", id=name)
        raise UsageError(what, advice=message("list them: sec-ops logs hold list"))

    def put(self, hold: Hold) -> None:
        """Keep a hold, new or changed; when this returns, no day it names is being let go."""
        with self.undisturbed(), self._manifest.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO holds VALUES (?, ?)", (hold.id, hold.model_dump_json()))

    def undisturbed(self) -> AbstractContextManager[None]:
        """Enter a stretch in which no hold is placed or lifted."""
        return undisturbed(self._folder)

    def close(self) -> None:
        """Close the file."""
        self._manifest.close()


def undisturbed(folder: Path) -> AbstractContextManager[None]:
    """Enter a stretch in which no hold of `var/logs/` is placed or lifted, and no day is let go."""
    return waited(make_folder(folder / "locks") / "retention.lock")


def holding(day: DatasetDay, holds: Sequence[Hold], store: Expiring) -> Hold | None:
    """Return a hold that keeps a day of a dataset, None when nothing does; one source in it keeps all of it."""
    for hold in holds:
        named = hold.first_day.isoformat() <= day.day <= hold.last_day.isoformat()
        if not named or (hold.datasets and day.dataset not in hold.datasets):
            continue
        if not hold.sources or store.sources_of(day) & set(hold.sources):
            return hold
    return None
