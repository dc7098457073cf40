"""Reading what the pull script wrote: bytes in, frames out. Nothing in the bytes can make this raise.

    @@sec-ops-logs 1 <boundary> - <epoch seconds> <nonce>
    @@<boundary> <word> <arguments>
    …raw bytes, up to the next line feed and marker…

The boundary is made on the host when the script runs, so what a log holds can't look like a frame.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Frame", "Frames", "read_frames"]

_HEADER = re.compile(rb"^@@sec-ops-logs 1 ([0-9a-f]{32}) - ([0-9]{1,12}) ([0-9a-f]{1,64})$", re.MULTILINE)
_MARK = re.compile(rb"([a-z]{1,20})((?: [A-Za-z0-9.:-]{1,40}){0,8})\n?")
_FRAMES = 50_000  # a visit of many sources has a tenth of that; what is more is not looked at
_SHORTEST_CUT = 3  # a line feed and two signs may well be a log's own


@dataclass(frozen=True, slots=True)
class Frame:
    """One marker: its word, its task's number (-1 for none), the rest of its arguments, the bytes after it."""

    word: str
    task: int
    arguments: tuple[str, ...]
    content: bytes

    def numbers(self, count: int) -> tuple[int, ...]:
        """Return the first arguments as numbers; empty when one is none or there are fewer."""
        first = self.arguments[:count]
        plain = all(each.isascii() and each.isdigit() and len(each) <= 20 for each in first)
        return tuple(map(int, first)) if plain and len(first) == count else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What a visit brought; `epoch` is the host's clock (seconds). `whole`: it came to its end."""

    frames: tuple[Frame, ...]
    whole: bool
    epoch: int = 0


def read_frames(data: bytes, *, nonce: str) -> Frames:
    """Return the frames of an output; what stands before the header that repeats the nonce is passed over."""
    header = next((match for match in _HEADER.finditer(data) if match[3].decode() == nonce), None)
    if header is None:
        return Frames(frames=(), whole=False)
    # The header's own line feed may be the one before the first marker.
    mark = b"\n@@" + header[1] + b" "
    frames = tuple(_frames(data[header.end() :].split(mark, _FRAMES)[1:], mark))
    return Frames(frames=frames, whole=bool(frames) and frames[-1].word == "done", epoch=int(header[2]))


def _frames(segments: list[bytes], mark: bytes) -> Iterator[Frame]:
    for segment in segments:
        match = _MARK.match(segment)
        if match is None:
            continue
        task, *rest = match[2].decode().split() or ["-"]
        number = int(task) if task.isdigit() and len(task) < 9 else -1
        yield Frame(match[1].decode(), number, tuple(rest), _uncut(segment[match.end() :], mark))


def _uncut(content: bytes, mark: bytes) -> bytes:
    """Return content without the beginning of a marker that its bound cut off."""
    cut = next((size for size in range(len(mark) - 1, _SHORTEST_CUT, -1) if content.endswith(mark[:size])), 0)
    return content[:-cut] if cut else content
