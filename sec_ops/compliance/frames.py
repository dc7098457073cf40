"""Reading what the collector wrote: bytes in, facts out. Nothing in the bytes can make this raise.

    @@sec-ops-facts 1 <boundary> <collector sha256> <epoch seconds> <nonce or -> <host name or ->
    @@<boundary> begin <fact>
    …raw bytes…
    @@<boundary> exit <exit code>
    @@<boundary> end <fact> <in_time or cut_short> <uptime before> <uptime after>
    @@<boundary> done <count> <epoch seconds>

The boundary is made on the host when the collector runs, so what a file holds can't look like a frame. A marker out of
its place (twice, nested, unknown, without end) costs its fact, and the pack is no longer complete.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sec_ops.model.check import Probe
from sec_ops.model.fact import Fact, FactPack, FactState, Provenance
from sec_ops.model.messages import Message, message

__all__ = ["Header", "ReadPack", "read_header", "read_pack"]

_HEADER: Final = re.compile(
    rb"^@@sec-ops-facts 1 ([0-9a-f]{32}) ([0-9a-f]{64}) ([0-9]{1,12}) ([A-Za-z0-9._-]{1,128}) ([A-Za-z0-9._-]{1,255})$",
    re.MULTILINE,
)
_BEGIN: Final = re.compile(rb"begin ([a-z][a-z0-9_]{0,99})\n")
_EXIT: Final = re.compile(rb"exit ([0-9]{1,3})\n")
_END: Final = re.compile(rb"end ([a-z][a-z0-9_]{0,99}) (in_time|cut_short) ([0-9.]{1,20}) ([0-9.]{1,20})\n")
_CUT_EXIT: Final = re.compile(rb"e?x?i?t? ?[0-9]{0,3}")
_DONE: Final = re.compile(rb"done ([0-9]{1,6}) ([0-9]{1,12})\n")
_EXIT_STATES: Final = {
    120: FactState.ABSENT,
    121: FactState.UNREADABLE,
}
_NO_BYTES: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a fact pack; `host` is the name the host has for itself, `epoch` its clock in seconds."""

    boundary: str
    collector_sha256: str
    epoch: int
    nonce: str
    host: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPack:
    """A fact pack, its header when there was one, and everything odd about its bytes."""

    pack: FactPack
    header: Header | None
    faults: tuple[Message, ...]


def read_header(data: bytes, *, nonce: str = "") -> Header | None:
    """Return the header of a fact pack, or None.

    With a nonce, the header that echoes it, whatever a login shell printed before; without, only one at the very
    beginning, because whoever writes before the collector could write a header too.
    """
    for match in _HEADER.finditer(data):
        boundary, digest, epoch, said, host = (group.decode() for group in match.groups())
        if said == nonce if nonce else match.start() == 0:
            return Header(
                boundary=boundary,
                collector_sha256=digest,
                epoch=int(epoch),
                nonce="" if said == "-" else said,
                host="" if host == "-" else host,
                offset=match.end(),
            )
    return None


def read_pack(
    data: bytes,
    probes: Mapping[str, Probe],
    *,
    host: str,
    collected_at: str,
    provenance: Provenance,
    clock_offset_ms: int | None = None,
    nonce: str = "",
) -> ReadPack:
    """Return the facts of `probes` in `data`; those that aren't there are `missing`. Never raises.

    `collected_at` is RFC 3339 in UTC. Facts of probes that aren't among `probes` are told and left out.
    """
    header = read_header(data, nonce=nonce)
    reading = _Reading(probes=probes)
    if header is None:
        reading.faults.append(message("there is no header of a fact pack with the expected nonce"))
    else:
        reading.read(data[header.offset :], header.boundary.encode())
    missing = {name: _missing(name) for name in probes if name not in reading.facts}
    pack = FactPack(
        host=host,
        collector_sha256=header.collector_sha256 if header else "",
        collected_at=collected_at,
        provenance=provenance,
        clock_offset_ms=clock_offset_ms,
        complete=reading.done and not reading.faults and not missing,
        facts=reading.facts | missing,
    )
    return ReadPack(pack=pack, header=header, faults=tuple(reading.faults))


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The state between two markers: which fact is open, what was seen."""

    probes: Mapping[str, Probe]
    facts: dict[str, Fact] = field(default_factory=dict)
    faults: list[Message] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    open: str | None = None
    content: bytes = b""
    exit_code: int | None = None
    done: bool = False

    def read(self, data: bytes, boundary: bytes) -> None:
        """Take in the segments between the markers."""
        stray, *segments = data.split(b"\n@@" + boundary + b" ")
        if stray.strip(b"\n"):
            self._odd(message("text between two facts"))
        for segment in segments:
            self._segment(segment)
        if self.open is not None:
            self._odd(message("a fact without its end"), self.open)
        if not self.done:
            self.faults.append(message("the end of the fact pack is missing"))
        for name in self.spoiled:
            self.facts.pop(name, None)

    def _segment(self, segment: bytes) -> None:
        if self.done:
            self._odd(message("a marker after the end"))
        elif match := _BEGIN.match(segment):
            self._begin(match[1].decode(), segment[match.end() :])
        elif match := _EXIT.fullmatch(segment):
            self._exit(int(match[1]))
        elif match := _END.match(segment):
            self._end(match, segment[match.end() :])
        elif match := _DONE.match(segment):
            self._finish(int(match[1]), segment[match.end() :])
        elif not _CUT_EXIT.fullmatch(segment):
            self._odd(message("a marker that isn't one"), self.open)

    def _begin(self, name: str, content: bytes) -> None:
        if self.open is not None:
            self._odd(message("a fact inside another"), self.open, name)
        if name in self.seen:
            self._odd(message("a fact twice"), name)
        self.seen.add(name)
        self.open, self.content, self.exit_code = name, content, None

    def _exit(self, code: int) -> None:
        if self.open is None or self.exit_code is not None:
            self._odd(message("an exit code out of its place"), self.open)
        self.exit_code = code

    def _end(self, match: re.Match[bytes], rest: bytes) -> None:
        name = match[1].decode()
        if name != self.open:
            self._odd(message("an end without its beginning"), name, self.open)
        elif name in self.probes:
            self.facts[name] = self._fact(self.probes[name], match)
        else:
            self._odd(message("an unknown fact"), name)
        self.open, self.content, self.exit_code = None, b"", None
        if rest.strip(b"\n"):
            self._odd(message("text between two facts"))

    def _fact(self, probe: Probe, end: re.Match[bytes]) -> Fact:
        bounded = self.content[: probe.bytes_bound]
        return Fact(
            id=probe.id,
            state=_state(probe, len(self.content), self.exit_code, end[2]),
            exit_code=-1 if self.exit_code is None else self.exit_code,
            text=bounded.decode("utf-8", "surrogateescape"),
            sha256=hashlib.sha256(bounded).hexdigest(),
            elapsed_ms=_milliseconds(end[3], end[4]),
        )

    def _finish(self, count: int, rest: bytes) -> None:
        if self.open is not None:
            self._odd(message("a fact without its end"), self.open)
            self.open = None
        if count != len(self.seen):
            self.faults.append(message("{count} facts were sent, {seen} arrived", count=count, seen=len(self.seen)))
        if rest.strip(b"\n"):
            self._odd(message("text after the end"))
        self.done = True

    def _odd(self, what: Message, *names: str | None) -> None:
        named = [name for name in names if name is not None]
        self.spoiled.update(named)
        self.faults.append(message("the fact pack is odd: {what} ({names})", what=what, names=", ".join(named) or "-"))


def _state(probe: Probe, size: int, exit_code: int | None, cut: bytes) -> FactState:
    if cut == b"cut_short":
        return FactState.TIMED_OUT
    if size > probe.bytes_bound:
        return FactState.TRUNCATED
    if exit_code in probe.ok_exit:
        return FactState.READ
    return FactState.FAILED if exit_code is None else _EXIT_STATES.get(exit_code, FactState.FAILED)


def _missing(name: str) -> Fact:
    return Fact(id=name, state=FactState.MISSING, exit_code=-1, text="", sha256=_NO_BYTES, elapsed_ms=0)


def _milliseconds(before: bytes, after: bytes) -> int:
    try:
        return max(0, round((float(after) - float(before)) * 1000))
    except ValueError:
        return 0
