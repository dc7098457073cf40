"""Being known as a reader: a locked file `<generation>.<id>`, made before anything is looked at.

What was replaced in a later generation stays on disk until no such reader lives; dead ones are told by their lock.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.files import storage_error
from sec_ops.runtime.locks import waited

__all__ = ["present"]


@contextmanager
def present(folder: Path, generation: int, randomness: Callable[[int], bytes]) -> Iterator[None]:
    """Be a reader of this generation or a later one; raises StorageError."""
    name = f"{generation}.{randomness(8).hex()}"
    hidden, shown = folder / f".{name}", folder / name
    # Locked before anybody can take it for a dead reader's.
    with waited(hidden):
        try:
            hidden.rename(shown)
        except OSError as error:
            hidden.unlink(missing_ok=True)
            raise storage_error(shown, error) from error
        try:
            yield
        finally:
            shown.unlink(missing_ok=True)
