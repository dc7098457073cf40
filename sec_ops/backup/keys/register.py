"""Which keys we made for which repository: what `keys check` holds the repositories to. No secret stands here."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.model.values import Value
from sec_ops.runtime.files import make_folder, storage_error, write_atomically

__all__ = ["KeyRegister", "KnownKey", "KnownRepository", "Purpose"]

Purpose = Literal["daily", "escrow"]


class KnownKey(Value):
    """A key we made or accepted; `safe` says where an escrow key's paper lies."""

    id: str
    purpose: Purpose
    safe: str = ""
    recorded: str = Field(description="RFC 3339 in UTC")


class KnownRepository(Value):
    """A repository by the id it got when it was made, and its keys."""

    repository_id: str
    keys: tuple[KnownKey, ...] = ()


class KeyRegister:
    """The register in one file, written whole; one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "keys.json"

    def read(self) -> Mapping[str, KnownRepository]:
        """Return what is known by repository; raises ContentInvalid when the file is damaged, StorageError."""
        try:
            document = json.loads(self._path.read_bytes())
            return {name: KnownRepository.model_validate(each) for name, each in document["repositories"].items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise storage_error(self._path, error) from error
        except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
            what = message("not a whole register of keys")
            advice = message("move it away, then: sec-ops backup keys accept REPOSITORY")
            fault = Fault(file=str(self._path), line=0, path="", message=what, advice=advice)
            raise ContentInvalid([fault]) from error

    def put(self, name: str, repository_id: str, key: KnownKey) -> None:
        """Add a key, or replace the one with its id; a repository of another id begins anew."""
        with self._alone() as known:
            before = known.get(name)
            kept = before.keys if before and before.repository_id == repository_id else ()
            keys = (*(each for each in kept if each.id != key.id), key)
            known[name] = KnownRepository(repository_id=repository_id, keys=keys)

    def drop(self, name: str, key_id: str) -> None:
        """Take a key out."""
        with self._alone() as known:
            if name in known:
                keys = tuple(each for each in known[name].keys if each.id != key_id)
                known[name] = known[name].model_copy(update={"keys": keys})

    @contextmanager
    def _alone(self) -> Iterator[dict[str, KnownRepository]]:
        make_folder(self._folder)
        with (self._folder / ".keys.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = dict(self.read())
            yield known
            document = {"version": 1, "repositories": {name: each.model_dump() for name, each in known.items()}}
            write_atomically(self._path, json.dumps(document, indent=1, sort_keys=True).encode() + b"\n")
