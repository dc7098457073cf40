"""A program of its own that reads one chunk of an EVTX file after the other (see `windows`).

The library can loop for ever or take all memory on a forged chunk, and holds the interpreter meanwhile: an alarm and a
limit of memory end this process then, and nothing else.
"""

import io
import resource
import signal
import struct
import sys
from collections.abc import Iterator

import evtx

_LENGTH = struct.Struct("<I")
_COUNTS = struct.Struct("<II")
_MEMORY_BYTES = 2 * 1024 * 1024 * 1024
_RECORDS_BOUND = 65_536
"""More records than a chunk of 64 KiB has room for."""
_HEADER = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, 0, 1, 128, 1, 3, 4096, 1) + bytes(4096 - 44)


def main(seconds: int) -> None:
    """Answer requests until there are no more: records and faults, then the records as JSON, one a line.

    A request that takes longer than so many seconds ends the program.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while length := sys.stdin.buffer.read(_LENGTH.size):
        chunk = sys.stdin.buffer.read(*_LENGTH.unpack(length))
        signal.alarm(seconds)
        answer = _answer(chunk)
        signal.alarm(0)
        sys.stdout.buffer.write(_LENGTH.pack(len(answer)) + answer)
        sys.stdout.buffer.flush()


def _answer(chunk: bytes) -> bytes:
    records: list[str] = []
    faults = 0
    for record in _records(chunk):
        if record is None:
            faults += 1
        else:
            records.append(record)
    return _COUNTS.pack(len(records), faults) + "\n".join(records).encode(errors="surrogatepass")


def _records(chunk: bytes) -> Iterator[str | None]:
    try:
        found = evtx.PyEvtxParser(io.BytesIO(_HEADER + chunk), number_of_threads=1).records_json()
    except RuntimeError:
        yield None
        return
    for _ in range(_RECORDS_BOUND):
        try:
            record = next(found)
        except StopIteration:
            return
        except RuntimeError:
            yield None
        else:
            yield record["data"] if record else None
    yield None


if __name__ == "__main__":
    main(int(sys.argv[1]))
