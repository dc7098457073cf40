"""The tap: runs a dump, passes its bytes on to restic unchanged, and tells what went through.

One file on the standard library alone, for Python 3.8 and newer: it runs where the data lies. A dump that fails, is
empty or lacks its closing words ends it with an error, so restic keeps no snapshot of it. Secrets come by paths such
as /dev/fd/7 and reach the dump by its environment or a file in memory, never by an argument.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from typing import IO, Any, Iterator

CHUNK = 1024 * 1024
TAIL = 4096
EMPTY, CUT_SHORT = 65, 66
FOR_RESTIC = ("RESTIC_", "AWS_", "SEC_OPS_", "HTTPS_PROXY")


class Rows:
    """Counts the rows of a dump of MariaDB or MySQL, table by table, as it goes by."""

    _statement = re.compile(rb"INSERT (?:IGNORE )?INTO `((?:[^`]|``)+)` (?:\([^)]*\) )?VALUES\s*")
    _database = re.compile(rb"USE `((?:[^`]|``)+)`;")
    # Within a row: texts with their escapes, and parentheses; all else is passed over.
    _token = re.compile(rb"'(?:[^'\\]|\\.|'')*'|[()]", re.DOTALL)

    def __init__(self) -> None:
        self.tables: dict[str, int] = {}
        self._schema = b""
        self._name: str | None = None
        self._body = False
        self._rest: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take more of the dump; only whole lines are looked at: a line break within a text is written as two signs."""
        first, *others = data.split(b"\n")
        self._rest.append(first)
        for part in others:
            self._line(b"".join(self._rest))
            self._rest = [part]

    def _line(self, line: bytes) -> None:
        if line[:10] == b"DELIMITER ":
            # Between these stand bodies of procedures and triggers, whose own statements are no rows.
            self._body = line != b"DELIMITER ;"
        elif self._body:
            return
        elif self._name is not None and line[:1] == b"(":
            self._count(self._name, line)
        elif line[:7] == b"INSERT ":
            found = self._statement.match(line)
            if found:
                self._name = self._full(found.group(1))
                self.tables.setdefault(self._name, 0)
                self._count(self._name, line[found.end() :])
        elif line[:5] == b"USE `":
            found = self._database.match(line)
            self._schema = found.group(1).replace(b"``", b"`") if found else self._schema
        elif line[:14] == b"CREATE TABLE `":
            self.tables.setdefault(self._full(line[14 : line.rindex(b"`")]), 0)
        else:
            self._name = None

    def _full(self, name: bytes) -> str:
        whole = (self._schema + b"." if self._schema else b"") + name.replace(b"``", b"`")
        return whole.decode("utf-8", "replace")

    def _count(self, name: str, rows: bytes) -> None:
        if rows[:1] == b"(" and rows[-2:] in (b"),", b");") and rows.count(b"(") == 1:
            self.tables[name] += 1
        else:
            self.tables[name] += self._outermost(rows)
        if rows[-1:] == b";":
            self._name = None

    def _outermost(self, rows: bytes) -> int:
        depth, count = 0, 0
        for token in self._token.finditer(rows):
            if token.group() == b"(":
                count += depth == 0
                depth += 1
            elif token.group() == b")":
                depth -= 1
        return count


class Entries:
    """Counts the entries of LDIF."""

    def __init__(self) -> None:
        self.tables: dict[str, int] = {"entries": 0}
        self._before = b"\n"

    def feed(self, data: bytes) -> None:
        """Take more of the dump."""
        whole = self._before + data
        self.tables["entries"] += whole.count(b"\ndn:")
        self._before = whole[-3:] if len(whole) >= 3 else whole


COUNTERS: dict[str, type[Rows | Entries]] = {"mariadb": Rows, "ldif": Entries}


def main() -> int:
    """Run the command and return the exit code: the command's own, or 65 for an empty dump, 66 for one cut short."""
    options = read_options()
    words, environment, descriptors = prepared(options)
    if not options.metered:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)  # noqa: FBT003
        os.execvpe(words[0], words, environment)
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, pass_fds=descriptors) as child:
        signal.signal(signal.SIGTERM, lambda _number, _frame: child.terminate())
        assert child.stdout is not None
        passed = passed_on(child.stdout, options.count)
        return ended(child.wait(), passed, options)


def read_options() -> argparse.Namespace:
    """Return what was asked: options first, then `--` and the command."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--environment", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--file", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--report", default="")
    parser.add_argument("--count", choices=sorted(COUNTERS), default=None)
    parser.add_argument("--ends", default="")
    parser.add_argument("--metered", action="store_true")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def prepared(options: argparse.Namespace) -> tuple[list[str], dict[str, str], list[int]]:
    """Return the command, its environment without what is meant for restic, and the descriptors of its secret files."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOR_RESTIC)}
    words: list[str] = list(options.command)
    descriptors: list[int] = []
    for name, path in pairs(options.environment):
        environment[name] = read_whole(path).decode("utf-8", "surrogateescape")
    for name, path in pairs(options.file):
        descriptors.append(in_memory(name, read_whole(path)))
        place = "/proc/self/fd/{}".format(descriptors[-1])
        environment[name] = place
        words = [word.replace("@" + name + "@", place) for word in words]
    return words, environment, descriptors


def pairs(given: list[str]) -> Iterator[tuple[str, str]]:
    """Return names and paths."""
    for each in given:
        name, _equals, path = each.partition("=")
        yield name, path


def read_whole(path: str) -> bytes:
    """Return what can be read there."""
    with open(path, "rb") as stream:
        return stream.read()


def in_memory(name: str, content: bytes) -> int:
    """Return the descriptor of a file without a name that only this user may read: libpq and MariaDB insist."""
    descriptor = os.memfd_create(name, 0)
    os.fchmod(descriptor, 0o600)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def passed_on(stream: IO[bytes], count: str | None) -> dict[str, Any]:
    """Copy the stream to stdout and return what went by."""
    counter = COUNTERS[count]() if count else None
    digest, length, tail = hashlib.sha256(), 0, b""
    output = sys.stdout.buffer
    while True:
        data = os.read(stream.fileno(), CHUNK)
        if not data:
            break
        output.write(data)
        digest.update(data)
        length += len(data)
        tail = (tail + data[-TAIL:])[-TAIL:]
        if counter:
            counter.feed(data)
    output.flush()
    if counter:
        counter.feed(b"\n")  # a last line without its end is looked at too
    return {"bytes": length, "sha256": digest.hexdigest(), "tail": tail, "tables": counter.tables if counter else {}}


def ended(code: int, passed: dict[str, Any], options: argparse.Namespace) -> int:
    """Report, and return the exit code."""
    tail = passed.pop("tail")
    if code == 0 and not passed["bytes"]:
        code = complain(EMPTY, "the dump is empty")
    if code == 0 and options.ends and options.ends.encode() not in tail:
        code = complain(CUT_SHORT, "the dump lacks its closing words: " + options.ends)
    if code == 0 and options.report:
        with open(options.report, "w") as report:
            json.dump(passed, report)
    return code if code >= 0 else 128 - code


def complain(code: int, words: str) -> int:
    """Say why on stderr and return the code."""
    sys.stderr.write(words + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
