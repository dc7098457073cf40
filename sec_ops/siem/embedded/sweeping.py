"""Removing files that nobody needs: replaced ones when no reader can hold them, and what a killed writer left."""

from contextlib import suppress
from pathlib import Path

from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.locks import alone, oldest_reader
from sec_ops.siem.embedded.manifest import Manifest

__all__ = ["sweep", "sweep_replaced"]


def sweep(layout: Layout, manifest: Manifest) -> None:
    """Remove what can be removed now; raises StorageError."""
    sweep_replaced(layout, manifest)
    _sweep_leftovers(layout, manifest)


def sweep_replaced(layout: Layout, manifest: Manifest) -> None:
    """Remove the files that others took the place of, once no reader can hold them; raises StorageError."""
    with manifest.reading() as connection:
        removed = connection.execute("SELECT path, generation FROM removed").fetchall()
    # Readers are asked after the manifest: one that comes later can't see what is removed already.
    oldest = oldest_reader(layout.readers)
    gone = [path for path, generation in removed if oldest is None or generation <= oldest]
    for path in gone:
        _unlink(layout.events / path)
    if gone:
        with manifest.writing() as connection:
            connection.executemany("DELETE FROM removed WHERE path = ?", [(path,) for path in gone])


def _sweep_leftovers(layout: Layout, manifest: Manifest) -> None:
    """Remove files that the manifest doesn't name, while no writer is about to register one."""
    with alone(layout.writers) as allowed:
        if not allowed:
            return
        found = [path for path in layout.events.glob("*/*/*") if path.suffix == ".parquet"]
        with manifest.reading() as connection:
            query = "SELECT path FROM files UNION SELECT path FROM removed UNION SELECT path FROM damaged"
            named = {path for (path,) in connection.execute(query)}
        for path in found:
            if str(path.relative_to(layout.events)) not in named:
                _unlink(path)
        for folder in layout.events.glob("*/*"):
            with suppress(OSError):
                folder.rmdir()


def _unlink(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
