"""Samples of log parsers, understood as an import of them would be."""

from functools import cache
from pathlib import Path

from sec_ops.content.kinds import PARSERS as PARSERS_KIND
from sec_ops.content.library import Library
from sec_ops.siem.events import Event
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from sec_ops.siem.understanding import Understand

RULES = Path(__file__).parents[2] / "rules"
SAMPLES = sorted(path for path in RULES.glob("parsers/*/samples/*") if path.is_file())
RECEIVED_MS = 1_795_700_000_000  # 2026-11-26T13:33:20Z


@cache
def library() -> Library:
    return Library.open(None)


@cache
def understand() -> Understand:
    return load_understanding(library())


PARSERS = library().objects(PARSERS_KIND)


def expected_of(sample: Path) -> Path:
    return sample.parent.parent / "expected" / f"{sample.name}.jsonl"


@cache
def understood(sample: Path) -> tuple[Event, ...]:
    """Return the events of a sample file, whose parser is named only when nothing else leads to it."""
    lines = tuple(sample.read_bytes().removesuffix(b"\n").split(b"\n"))
    lines = tuple(line.removesuffix(b"\r") for line in lines)
    name = sample.parent.parent.name
    parser = PARSERS[name].value
    # What comes through syslog or says itself what it is finds its parser; all others are named, as a source would.
    own = not parser.recognise.files and (parser.recognise.programs or parser.recognise.content)
    through = "" if own or parser.recognise.keys or sample.name.startswith("enveloped") else name
    origin = Origin(source=f"{name}/{sample.name}", transport=Transport.IMPORT, path=f"/{sample.name}", parser=through)
    session = understand()(origin)
    batch = RawBatch(origin=origin, received_ms=RECEIVED_MS, records=lines)
    rows = [*sorted(session.feed(Place("test", 1), batch), key=lambda row: row.index), *session.flush()]
    return tuple(row.event for row in rows)
