"""A release of rules as somebody sent it: a folder, a zip or a tar; hostile until shown to be plain text files.

Nothing is written while it is read. Only YAML files are taken, under names that stay below their folder; how many, how
large and how much they unpack to is bounded.
"""

import hashlib
import re
from contextlib import closing
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO

from sec_ops.detection.cases.reading import CASES
from sec_ops.detection.library.documents import Source, documents
from sec_ops.detection.library.releases import is_plain
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.runtime.archives.compression import Decompressed, compression_of
from sec_ops.runtime.archives.finding import Found, find
from sec_ops.runtime.archives.readers import CHUNK, Budget, Damaged, Head, Plain, Reader, Refused, spooled
from sec_ops.runtime.archives.tars import is_tar, tar_members
from sec_ops.runtime.archives.zips import zip_members

__all__ = ["LeftOut", "Unpacked", "unpacked"]

FILES_BOUND = 50_000
FILE_BYTES_BOUND = 1_048_576
TOTAL_BYTES_BOUND = 256 * 1_048_576
_RATIO_BOUND = 200
_HEAD_BYTES = 64 * 1024
_YAML = (".yml", ".yaml")
_RULE = re.compile(rb"^(detection|correlation|filter)[ \t]*:", re.MULTILINE)
_RETIRED = ("deprecated", "unsupported")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that looks like a rule's and was not taken, why, and whether a rule is lost by that."""

    path: str
    reason: Message
    lost: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The rule files of a release by their paths; `sha256` is of the file it came in, empty for a folder.

    `others` counts files that are no rules: licences, tests, pictures.
    """

    files: dict[str, bytes]
    left_out: tuple[LeftOut, ...]
    others: int
    sha256: str


def unpacked(path: Path) -> Unpacked:
    """Return what a release holds.

    Raises UsageError when there is nothing of that name or no rule in it, ContentInvalid for an archive that is cut
    off, broken or a bomb: nothing of it is taken then.
    """
    taking = _Taking()
    try:
        sha256 = _folder(path, taking) if path.is_dir() else _file(path, taking)
    except (Damaged, Refused) as error:
        fault = Fault(file=str(path), line=0, path="", message=error.reason)
        raise ContentInvalid(
            (fault,), advice=message("get the release again; nothing was taken from this one")
        ) from error
    if not taking.files:
        advice = message("name the folder, zip or tar of a release of Sigma rules")
        raise UsageError(message("there is no rule in {path}", path=path), advice=advice)
    return Unpacked(
        files=_without_top(taking.files), left_out=tuple(taking.left_out), others=taking.others, sha256=sha256
    )


@dataclass(slots=True)
class _Taking:
    """What was taken so far."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    others: int = 0
    total: int = 0

    def take(self, name: str, reader: Reader) -> None:
        """Take a file if it is a rule's; raises Refused when it is one too many."""
        if not name.endswith(_YAML) or name.endswith(CASES) or _is_hidden(name):
            self.others += 1
        elif not is_plain(name):
            self.left_out.append(LeftOut(name, message("its name leads out of the folder, or is no plain name")))
        elif name in self.files:
            self.left_out.append(LeftOut(name, message("the archive has a file of this name already")))
        else:
            self._take(name, _all(reader))

    def _take(self, name: str, data: bytes) -> None:
        if len(data) > FILE_BYTES_BOUND:
            self.left_out.append(LeftOut(name, message("larger than {bound} bytes", bound=FILE_BYTES_BOUND)))
        elif not _RULE.search(data):
            self.others += 1
        elif all(each.status in _RETIRED for each in documents(name, data, Source.IMPORTED)):
            self.left_out.append(LeftOut(name, message("its authors have retired it"), lost=False))
        else:
            self._keep(name, data)

    def _keep(self, name: str, data: bytes) -> None:
        self.total += len(data)
        if len(self.files) == FILES_BOUND or self.total > TOTAL_BYTES_BOUND:
            bounds = {"files": FILES_BOUND, "bytes": TOTAL_BYTES_BOUND}
            raise Refused(message("more than any release has: over {files} files or {bytes} bytes", **bounds))
        self.files[name] = data


def _folder(path: Path, taking: _Taking) -> str:
    for found in find([path]):
        name = found.path.relative_to(path).as_posix()
        if isinstance(found, Found):
            with _opened(found.path) as file:
                taking.take(name, Plain(file))
        elif name.endswith(_YAML):
            taking.left_out.append(LeftOut(name, found.reason, lost=found.lost))
    return ""


def _file(path: Path, taking: _Taking) -> str:
    if not path.is_file():
        raise UsageError(message("there is no such file or folder: {paths}", paths=path), where=str(path))
    with _opened(path) as file:
        origin = Plain(file)
        _archive(origin, Budget(origin, ratio=_RATIO_BOUND), taking)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _archive(source: Reader, budget: Budget, taking: _Taking) -> None:
    head = Head(source, _HEAD_BYTES)
    if kind := compression_of(head.head):
        head = Head(Decompressed(head, kind, budget), _HEAD_BYTES)
    if head.head.startswith((b"PK\3\4", b"PK\5\6")):
        with closing(spooled(head)) as file:
            _zip(file, budget, taking)
    elif is_tar(head.head):
        for member in tar_members(head):
            taking.take(member.name.removeprefix("./"), member.reader)
    else:
        raise Refused(message("neither a zip nor a tar archive"))


def _zip(file: IO[bytes], budget: Budget, taking: _Taking) -> None:
    for member in zip_members(file, budget):
        if member.reader:
            taking.take(member.name, member.reader)
        elif member.reason and member.name.endswith(_YAML):
            taking.left_out.append(LeftOut(member.name, member.reason))


def _all(reader: Reader) -> bytes:
    """Return all bytes, or some over the bound; raises Damaged also when some came before the damage."""
    parts: list[bytes] = []
    while sum(map(len, parts)) <= FILE_BYTES_BOUND and (part := reader.read(CHUNK)):
        parts.append(part)
    return b"".join(parts)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in PurePosixPath(name).parts)


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files without the one folder that all lie in, which changes with each release."""
    tops = {path.partition("/")[0] for path in files}
    if len(tops) > 1 or any("/" not in path for path in files):
        return files
    return {path.partition("/")[2]: data for path, data in files.items()}


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        reason = message("could not be read: {reason}", reason=error.strerror or str(error))
        raise Damaged(reason) from error
