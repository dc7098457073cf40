"""`logs import`: every file once by its content, resumed after a crash where the raw log ends."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from sec_ops.model.messages import Message, message
from sec_ops.runtime.archives.finding import Found, NotTaken
from sec_ops.runtime.archives.readers import CHUNK, Budget, Damaged, Plain, Refused
from sec_ops.siem.importing.intake import Ask, Intake, Piece, pieces
from sec_ops.siem.importing.lines import wide_codec
from sec_ops.siem.importing.sniffing import no_log_behind_hole
from sec_ops.siem.importing.unwrapping import INSIDE, Leaf, Loss, Unread, unwrap
from sec_ops.siem.index.stream import ENDED
from sec_ops.siem.records import Origin, Transport

__all__ = ["ImportOptions", "Imported", "Importer"]

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What is known of the files beforehand; empty text means unknown. `again` takes what was taken before."""

    parser: str = ""
    dataset: str = ""
    host: str = ""
    unit: str = ""
    zone: str = ""
    encoding: str = ""
    again: bool = False


@dataclass(slots=True)
class Imported:
    """What became of the files: how many logs were taken, what was left out of them, bytes of lines too long."""

    files: int = 0
    records: int = 0
    cut_bytes: int = 0
    unread: list[Unread] = field(default_factory=list)


class Importer:
    """Takes one file after the other; raises StorageError and EngineError, then the next run goes on there."""

    def __init__(
        self, intake: Intake, *, options: ImportOptions, ask: Ask, progress: Callable[[str, int], None]
    ) -> None:
        self._intake = intake
        self._options = options
        self._ask = ask
        self._progress = progress
        self.imported = Imported()

    def take(self, found: Found | NotTaken) -> None:
        """Take a file that was found, or note why not."""
        if isinstance(found, NotTaken):
            self._left_out(str(found.path), found.reason, Loss.SKIPPED if found.lost else Loss.NONE)
            return
        try:
            with found.path.open("rb") as file:
                self._take_file(found.path.absolute(), file)
        except OSError as error:
            reason = message("could not be read: {reason}", reason=error.strerror or str(error))
            self._left_out(str(found.path), reason, Loss.SKIPPED)

    def take_stream(self, file: IO[bytes], name: str) -> None:
        """Take what comes through a pipe, once; `name` identifies it. It can't be resumed."""
        plain = Plain(file)
        self._take_contents(STDIN, None, plain, self._source(name))

    def _take_file(self, path: Path, file: IO[bytes]) -> None:
        status = os.fstat(file.fileno())
        if reason := no_log_behind_hole(file.fileno()):
            self._left_out(str(path), reason, Loss.NONE)
            return
        digest, size = _digest(file)
        source = self._source(digest)
        with self._intake.alone_with(digest):
            if self._intake.position(source).get(ENDED) and not self._options.again:
                self._left_out(str(path), message("it was imported before"), Loss.NONE)
                return
            file.seek(0)
            self._take_contents(str(path), int(status.st_mtime * 1000), Plain(file, size), source)

    def _take_contents(self, name: str, modified_ms: int | None, plain: Plain, source: str) -> None:
        members: Counter[str] = Counter()
        skipped = False
        for each in unwrap(name, modified_ms, plain, Budget(plain)):
            if isinstance(each, Unread):
                skipped = skipped or each.loss is Loss.SKIPPED
                self._left_out(each.name, each.reason, each.loss)
            elif each.name == name:
                self._take_leaf(each, source)
            else:
                members[each.name] += 1
                self._take_leaf(each, _member_source(source, each.name.removeprefix(name), members[each.name]))
        if members and not skipped:
            self._intake.take(self._origin(source, name, modified_ms), Piece(records=(), position={ENDED: True}))

    def _take_leaf(self, leaf: Leaf, source: str) -> None:
        self._progress(leaf.name, self.imported.records)
        after = {} if self._options.again else self._intake.position(source)
        if after.get(ENDED):
            self._left_out(leaf.name, message("it was imported before"), Loss.NONE)
            return
        codec = "" if leaf.is_event_log else wide_codec(leaf.head, self._options.encoding)
        origin = self._origin(source, leaf.name, leaf.modified_ms)
        origin = replace(origin, encoding="utf-8" if leaf.is_event_log else codec or self._options.encoding)
        faults = self._take_pieces(origin, pieces(leaf, after, self._options.encoding, self._ask), leaf.name)
        self.imported.files += 1
        if faults:
            self._left_out(leaf.name, message("{count} parts could not be read", count=faults), Loss.INCOMPLETE)

    def _take_pieces(self, origin: Origin, found: Iterator[Piece], name: str) -> int:
        """Take pieces, each when the next is known, so that the last one can say it is; return the faults."""
        faults, held = 0, None
        try:
            for piece in found:
                if held:
                    self._take_piece(origin, held)
                held = piece
                faults += piece.faults
        except Damaged as error:
            self._left_out(name, error.reason, Loss.INCOMPLETE)
        except Refused as error:
            self._left_out(name, error.reason, Loss.SKIPPED)
        held = held or Piece(records=(), position={})
        self._take_piece(origin, replace(held, position={**held.position, ENDED: True}))
        return faults

    def _take_piece(self, origin: Origin, piece: Piece) -> None:
        self._intake.take(origin, piece)
        self.imported.records += len(piece.records)
        self.imported.cut_bytes += piece.cut
        self._progress(origin.path, self.imported.records)

    def _origin(self, source: str, name: str, modified_ms: int | None) -> Origin:
        options = self._options
        return Origin(
            source=source,
            transport=Transport.IMPORT,
            host=options.host,
            unit=options.unit,
            parser=options.parser,
            dataset=options.dataset,
            path=name if name != STDIN else "",
            encoding=options.encoding,
            zone=options.zone,
            reference_ms=modified_ms,
        )

    def _source(self, content: str) -> str:
        unit, host = self._options.unit, self._options.host
        whose = f"{unit}/{host}" if unit else host
        return f"import:{content}@{whose}" if whose else f"import:{content}"

    def _left_out(self, name: str, reason: Message, loss: Loss) -> None:
        self.imported.unread.append(Unread(name, reason, loss))


def _member_source(archive: str, member: str, occurrence: int) -> str:
    """Return the source of a member; an archive that was appended to has several of one name."""
    return archive + member + (f"{INSIDE}{occurrence}" if occurrence > 1 else "")


def _digest(file: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while data := file.read(CHUNK):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size
