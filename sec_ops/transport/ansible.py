"""Ansible's inventory, read by running `ansible-inventory`: Ansible is a program here, never an import.

It runs with a configuration of our own, an empty home and an empty playbook folder, and with the plugins for YAML and
INI only: nothing an inventory folder holds is executed, no setting of the user or of the current folder counts.
"""

import contextlib
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sec_ops.model.errors import ContentInvalid, Fault, StorageError
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.transport.process import clean_environment

__all__ = ["inventory_list", "program"]

_CONFIGURATION = Path(__file__).with_name("ansible.cfg")
_PROGRAM = "ansible-inventory"
_DEADLINE_SECONDS = 120
_BESIDE = ("group_vars", "host_vars")
_NOTHING_LOST = ("Found variable using reserved name",)
_COMPLAINT = re.compile(r"^\[(?:WARNING|ERROR)\]: ", re.MULTILINE)


def _always(_listing: Mapping[str, Any]) -> bool:
    return True


def inventory_list(
    path: Path,
    run_program: RunProgram,
    cache_folder: Path | None = None,
    *,
    may_keep: Callable[[Mapping[str, Any]], bool] = _always,
) -> dict[str, Any]:
    """Return what `ansible-inventory --list` says of an inventory file or folder: groups, and `_meta.hostvars`.

    With a `cache_folder` the answer, if it `may_keep` it, is kept under the digest of every file it came from, the only
    one there; a cache that can't be written is done without. Raises ContentInvalid with all of Ansible's complaints,
    warnings too, since those mean that a host or variable was passed over; ProgramMissing.
    """
    if not path.exists():
        raise _invalid(path, [message("there is no such inventory")])
    kept = cache_folder / f"{_digest(path)}.json" if cache_folder else None
    if kept is not None and (cached := _cached(kept)) is not None:
        return cached
    listed = _list(path, run_program)
    if kept is not None and may_keep(listed):
        with contextlib.suppress(StorageError, OSError):
            _keep(kept, listed)
    return listed


def _keep(kept: Path, listed: Mapping[str, Any]) -> None:
    make_folder(kept.parent)
    for older in kept.parent.glob("*.json"):
        older.unlink(missing_ok=True)
    write_atomically(kept, json.dumps(listed, ensure_ascii=False).encode())


def _list(path: Path, run_program: RunProgram) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sec-ops-inventory-") as home:
        arguments = [program(), "--inventory", str(path.resolve()), "--list", "--playbook-dir", home]
        environment = clean_environment(
            ANSIBLE_CONFIG=str(_CONFIGURATION),
            ANSIBLE_HOME=home,
            LANG="C.UTF-8",
            LC_ALL="C.UTF-8",
            # Ansible tries settings as Python text; a folder called 7is makes the interpreter complain of them.
            PYTHONWARNINGS="ignore::SyntaxWarning",
        )
        return _document(path, run_program(arguments, deadline_seconds=_DEADLINE_SECONDS, environment=environment))


def program() -> str:
    """Return the `ansible-inventory` to run.

    Preferably the one beside the running interpreter: another release could read the same file in another way.
    """
    own = Path(sys.executable).parent / _PROGRAM
    return str(own) if own.exists() else _PROGRAM


def _document(path: Path, completed: Completed) -> dict[str, Any]:
    said = completed.stderr.decode(errors="replace").strip()
    said_apart = (text.strip() for text in _COMPLAINT.split(said))
    complaints = [
        message("Ansible says: {complaint}", complaint=text)
        for text in said_apart
        if text and not text.startswith(_NOTHING_LOST)
    ]
    if completed.exit_code != 0 or complaints:
        unexplained = message("ansible-inventory ended with exit code {code}", code=completed.exit_code)
        raise _invalid(path, complaints or [unexplained])
    try:
        document = json.loads(completed.stdout)
    except ValueError as error:
        raise _invalid(path, [message("ansible-inventory did not answer in JSON")]) from error
    if not isinstance(document, dict):
        raise _invalid(path, [message("ansible-inventory did not answer in JSON")])
    return document


def _cached(kept: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(kept.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _digest(path: Path) -> str:
    """Return a digest over every file the inventory is read from, its variables beside it included."""
    total = hashlib.sha256()
    for each in (_CONFIGURATION, Path(sys.executable), *_files(path.resolve())):
        total.update(f"{each}\n".encode(errors="surrogateescape"))
        if each != Path(sys.executable):
            total.update(hashlib.sha256(each.read_bytes()).digest())
    return total.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    roots = [path] if path.is_dir() else [path, *(path.parent / name for name in _BESIDE)]
    for root in roots:
        found = sorted(root.rglob("*")) if root.is_dir() else [root]
        yield from (each for each in found if each.is_file())


def _invalid(path: Path, complaints: list[Message]) -> ContentInvalid:
    advice = message("see what Ansible says: ansible-inventory -i {path} --list", path=path)
    faults = [Fault(file=str(path), line=0, path="", message=each, advice=advice) for each in complaints]
    return ContentInvalid(faults)
