"""What making events again asks of the embedded store: what is damaged, what is lacking, what is there."""

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.model.log_hold import Hold
from sec_ops.runtime.files import make_folder, storage_error, sync_folder
from sec_ops.siem.embedded import damage
from sec_ops.siem.embedded.damage import Lacking
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import Own
from sec_ops.siem.embedded.health import DamagedFile, damaged, wrong_size
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.manifest import Manifest, is_lost, make_manifest, open_manifest
from sec_ops.siem.embedded.parquet import scan
from sec_ops.siem.embedded.views import Span, View

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SET_ASIDE", "Mending", "aside_name", "begin_anew", "give_up", "is_lost"]

SET_ASIDE = "set-aside"
"""Below `var/logs/`: what was damaged, kept for whoever wants to look at it."""
_PLACE = (Own.STREAM, Own.SEQUENCE, Own.INDEX, Own.PART)


def aside_name(when: datetime) -> str:
    """Return the name of the folder for what is put aside then (UTC); names sort by time."""
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def begin_anew(folder: Path, holds: Collection[Hold], name: str) -> Path:
    """Put a lost store aside, whole, and begin an empty one that knows it is being made again; return where it lies.

    Killed anywhere, it is begun again by the next. Nobody may use the store meanwhile. Raises StorageError.
    """
    manifest = Layout.at(folder).manifest
    aside = make_folder(folder / SET_ASIDE / name)
    draft = manifest.with_name("store.db.draft")
    try:
        _move(manifest.parent / "events", aside / "events")
        for ending in ("", "-wal", "-shm"):
            _move(manifest.with_name(manifest.name + ending), aside / (manifest.name + ending))
            draft.with_name(draft.name + ending).unlink(missing_ok=True)
        with closing(make_manifest(draft)) as begun, begun.writing() as connection:
            damage.begin_all(connection)
            documents = [(hold.id, hold.model_dump_json()) for hold in holds]
            connection.executemany("INSERT INTO holds VALUES (?, ?)", documents)
        draft.rename(manifest)
        sync_folder(folder)
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
    return aside


def _move(path: Path, to: Path) -> None:
    if path.exists():
        path.rename(to)


class Mending:
    """The part of an open store that its events are made again with. Every method may raise StorageError."""

    def __init__(
        self,
        layout: Layout,
        manifest: Manifest,
        viewed: Callable[[Span], AbstractContextManager[View]],
        engine: Callable[[], "DuckDBPyConnection"],
    ) -> None:
        self._layout = layout
        self._manifest = manifest
        self._viewed = viewed
        self._engine = engine

    def count(self) -> int:
        """Return how many files there are."""
        with self._viewed(Span()) as view:
            return len(view.all_files())

    def damaged(self) -> list[DamagedFile]:
        """Return the files that are not what was written, after reading all of them."""
        with self._viewed(Span()) as view:
            return damaged(self._layout.events, view.all_files())

    def wrong_size(self) -> list[DamagedFile]:
        """Return the files that are gone or have another size, without reading any."""
        with self._viewed(Span()) as view:
            return wrong_size(self._layout.events, view.all_files())

    def take_out(self, found: Sequence[DamagedFile]) -> None:
        """Take files out of the store: what is lacking then is known until `done`."""
        with self._manifest.writing() as connection:
            damage.take_out(connection, found)

    def lacking(self) -> list[Lacking]:
        """Return the files that were taken out."""
        with self._manifest.reading() as connection:
            return damage.lacking(connection)

    def is_whole(self) -> bool:
        """Return whether everything is being made again, because the manifest was lost."""
        with self._manifest.reading() as connection:
            return damage.rebuilds_all(connection)

    def remade(self) -> Mapping[tuple[str, str], int]:
        """Return how many events were made again until now, by day and dataset."""
        with self._manifest.reading() as connection:
            return damage.remade(connection)

    def places(self, stream: str, sequences: tuple[int, int], received: Span) -> set[tuple[int, int, int]]:
        """Return sequence, index and part of the stream's events within the batches (both ends) and span of receipt.

        Raises EngineError too.
        """
        with self._viewed(received) as view:
            paths = [self._layout.events / file.path for file in view.all_files()]
            if not paths:
                return set()
            sequence = Own.SEQUENCE.value
            query = (
                f"SELECT {sequence}, {Own.INDEX.value}, {Own.PART.value} FROM {scan(paths, own=_PLACE, columns=())} "
                f"WHERE {Own.STREAM.value} = ? AND {sequence} BETWEEN {sequences[0]} AND {sequences[1]}"
            )
            with engine_errors(self._layout.events):
                return set(self._engine().cursor().execute(query, [stream]).fetchall())

    def done(self, aside: str = "") -> None:
        """Note that nothing is being made again; damaged files are deleted, or put aside under that name."""
        for each in self.lacking():
            _move_away(self._layout, each, aside)
        with self._manifest.writing() as connection:
            damage.forget(connection)


def give_up(folder: Path, received_before: datetime) -> None:
    """Forget what is lacking of what was received before then, and delete what was damaged of it; raises StorageError.

    `folder` is `var/logs/`.
    """
    layout = Layout.at(folder)
    with closing(open_manifest(layout.manifest)) as manifest, manifest.writing() as connection:
        old = damage.forget_some(connection, int(received_before.timestamp() * 1_000_000))
    for each in old:
        _move_away(layout, each, "")
    asides = folder / SET_ASIDE
    for path in asides.iterdir() if asides.is_dir() else ():
        if path.name < aside_name(received_before):
            shutil.rmtree(path, ignore_errors=True)


def _move_away(layout: Layout, each: Lacking, aside: str) -> None:
    path = layout.events / each.path
    try:
        if aside and path.exists():
            path.rename(make_folder(layout.events.parent / SET_ASIDE / aside) / path.name)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error
