"""Bytes of a log into records, a line each."""

from dataclasses import dataclass

__all__ = ["LINE_BYTES", "Lines", "split_lines"]

LINE_BYTES = 1_048_576
"""A line that is longer and has no end in sight is cut into records of this size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Records without their line ends, empty ones left out; how many bytes they took; how many were cut."""

    records: tuple[bytes, ...]
    consumed: int
    cut: int = 0


def split_lines(data: bytes, *, ended: bool) -> Lines:
    """Return the lines of `data`; the last one without its end is left for later, unless the file has `ended`.

    What is left for later is never longer than LINE_BYTES: it is cut, so that reading always goes on.
    """
    end = len(data) if ended else data.rfind(b"\n") + 1
    cut = 0
    while len(data) - end > LINE_BYTES:
        end += LINE_BYTES
        cut += 1
    whole = data[: end - cut * LINE_BYTES]
    pieces = [data[end - step * LINE_BYTES :][:LINE_BYTES] for step in range(cut, 0, -1)]
    stripped = [line.rstrip(b"\r").lstrip(b"\0") for line in (*whole.split(b"\n"), *pieces)]
    return Lines(records=tuple(line for line in stripped if line), consumed=end, cut=cut)
