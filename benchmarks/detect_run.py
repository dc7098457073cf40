"""What matching costs: all rules over a million events, beside `orjson.loads` of the same lines in the same process.

    python -m benchmarks.detect_run [EVENTS.jsonl[.zst]] [--rules FOLDER|FILE.tar.zst] [--times 10] [--sample 20000]

Without rules those that ship are taken, without events 100,000 made-up ones. Events are repeated with fresh times, ids,
process numbers and GUIDs. Beside them runs a set in which every fifth event creates a process whose command line, made
of recorded ones and random words, never comes twice, and the recorded ones nested as tools make JSON of EVTX.

Both paths are measured, each in a process of its own: lines through Python alone, and through the compiled sieve where
it was built. Both sides take turns over 20,000 lines at a time, so that whatever else the machine does falls on both.
Figures are CPU seconds; starting Python and loading rules are told apart. No figure is told unless a path finds, in a
sample of the events, exactly what the naive evaluator finds. (It judges the conditions that log sources add once for
each event and goes on with the rules whose conditions hold, which is what `and` means; else the sample would take a
quarter of an hour.)
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from benchmarks.log_import import cost, made_up
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.rule import All, AnyOf, Expression, Rule

ZONE = ZoneInfo("Asia/Shanghai")
CHUNK = 20_000
PIECE = 6_000
"""So many lines are handed over together, about eight megabytes, as `detect run` does with files."""
PATHS = ("python", "compiled")
TIMES = ("SystemTime", "UtcTime", "TimeCreated", "CreationUtcTime")
IDS = ("EventRecordID",)
NUMBERS = ("ProcessId", "SourceProcessId", "TargetProcessId", "NewProcessId", "SourceThreadId", "SourcePort", "IpPort")
ELEMENTS = {
    *("EventID", "Version", "Level", "Task", "Opcode", "Keywords"),
    *("EventRecordID", "Channel", "Computer", "Correlation", "Security"),
}
SCHEMA = "http://schemas.microsoft.com/win/2004/08/events/event"
GUIDS = ("ProcessGuid", "ParentProcessGuid", "SourceProcessGUID", "TargetProcessGUID", "LogonGuid", "ScriptBlockId")


@dataclass(frozen=True, slots=True)
class Turns:
    """CPU seconds of both sides over the same lines, and what was found."""

    events: int
    parsing: float
    first: float
    running: float
    hits: int
    rules: int
    megabytes: int

    def line(self, name: str) -> str:
        """Return the table's line."""
        per = 1e6 / self.events
        return (
            f"| {name} | {self.events:,} | {self.parsing * per:.2f} | {self.running * per:.2f} "
            f"| **{self.running / self.parsing:.2f}** | {self.events / self.running:,.0f} | {self.megabytes} "
            f"| {self.hits:,} / {self.rules} |"
        )


def fresh(event: dict[str, Any], turn: int, chance: random.Random) -> dict[str, Any]:
    """Return the event as another one like it would look: other times, ids, process numbers and GUIDs."""
    changed = dict(event)
    for name in TIMES:
        if isinstance(text := event.get(name), str) and len(text) >= 20 and text[4:5] == "-":
            changed[name] = (
                f"{text[:8]}{1 + (turn + int(text[8:10])) % 28:02}{text[10:20]}{chance.randrange(1000):03}"
                + ("Z" if text.endswith("Z") else "")
            )
    for name in IDS:
        if isinstance(event.get(name), int):
            changed[name] = event[name] + turn * 10_000_000
    for name in NUMBERS:
        if isinstance(text := event.get(name), str) and text.isdigit():
            changed[name] = str(chance.randrange(4, 65_536))
    for name in GUIDS:
        if isinstance(text := event.get(name), str) and len(text) > 12:
            changed[name] = f"{text[:-13]}{chance.getrandbits(48):012x}{text[-1]}"
    return changed


def repeated(events: Path, times: int) -> Iterator[bytes]:
    """Yield the lines of the events, again and again, each turn fresh."""
    chance = random.Random(7)
    for turn in range(times):
        for line in lines_of(events):
            yield orjson.dumps(fresh(orjson.loads(line), turn, chance)) if turn else line


def varied(events: Path, times: int, every: int = 5) -> Iterator[bytes]:
    """Yield lines of which every so many-th creates a process with a command line of its own."""
    chance = random.Random(11)
    created = [event for line in lines_of(events) if (event := orjson.loads(line)).get("CommandLine")]
    words = sorted({word for event in created for word in event["CommandLine"].split() if len(word) < 60})
    for turn in range(times):
        for number, line in enumerate(lines_of(events)):
            if number % every:
                yield orjson.dumps(fresh(orjson.loads(line), turn, chance))
                continue
            one = fresh(chance.choice(created), turn, chance)
            some = " ".join(chance.choices(words, k=chance.randrange(4)))
            yield orjson.dumps({**one, "CommandLine": f"{one['CommandLine']} {some} {chance.getrandbits(64):x}"})


def nested(events: Path, times: int) -> Iterator[bytes]:
    """Yield the lines of `repeated` as JSON of EVTX has them: elements, their attributes, EventData."""
    for line in repeated(events, times):
        system: dict[str, Any] = {}
        data: dict[str, Any] = {}
        for name, value in orjson.loads(line).items():
            element, _, attribute = name.partition("_")
            if name == "SystemTime":
                system["TimeCreated"] = {"#attributes": {name: value}}
            elif attribute and element in ("Provider", "Execution"):
                system.setdefault(element, {"#attributes": {}})["#attributes"][attribute] = value
            else:
                (system if name in ELEMENTS else data)[name] = value
        yield orjson.dumps({"Event": {"#attributes": {"xmlns": SCHEMA}, "System": system, "EventData": data}})


def lines_of(events: Path) -> Iterator[bytes]:
    """Yield the lines of a file, compressed or not."""
    if events.suffix != ".zst":
        with events.open("rb") as file:
            yield from file
        return
    with subprocess.Popen(["zstd", "-dc", events], stdout=subprocess.PIPE) as unpacking:
        if unpacking.stdout:
            yield from unpacking.stdout


SETS = {"repeated": repeated, "varied": varied, "nested": nested}
NAMED = {
    "repeated": "recorded",
    "varied": "every fifth a command line of its own",
    "nested": "nested as EVTX has them",
}


def rules_of(folder: Path, cache: Path | None) -> Sequence[Rule]:
    """Read the rules below a folder, from the cache when they are in it."""
    from sec_ops.detection.sigma.cache import read_rules
    from sec_ops.detection.sigma.reading import RuleText

    texts = [RuleText(path=str(path), data=path.read_bytes()) for path in sorted(folder.rglob("*.yml"))]
    return read_rules([text for text in texts if not text.path.endswith(".cases.yml")], {}, cache).rules


def matcher_for(folder: Path, cache: Path | None) -> Any:  # noqa: ANN401 - imported here, to be measured
    """Return a matcher that is ready for the first event."""
    from sec_ops.content.library import Library
    from sec_ops.detection.mapping.shape import load_shapes
    from sec_ops.detection.match.matcher import Matcher
    from sec_ops.runtime.garbage import rare_collections

    with rare_collections():
        matcher = Matcher(rules_of(folder, cache), load_shapes(Library.open(None)), ZONE)
        matcher.found({"EventID": 0, "Channel": "", "Provider_Name": ""})
    return matcher


def loaded(folder: Path, cache: Path) -> None:
    """Load the rules and tell the CPU seconds of starting and of loading."""
    started = time.process_time()
    matcher = matcher_for(folder, cache)
    print(json.dumps({"start": started, "load": time.process_time() - started, "rules": len(matcher.rules)}))


def sieve_of(path: str, matcher: Any) -> Any:  # noqa: ANN401
    """Return what lines of a path go through, before the matcher judges any; exit with a message when it wasn't built.

    Python's path has nothing compiled, the search for literals neither.
    """
    from sec_ops.detection.match import literals
    from sec_ops.detection.sieve.choosing import path_of, sieve_for
    from sec_ops.detection.sieve.sieving import parsed
    from sec_ops.runtime.compiled.library import library

    literals.__dict__["library"] = library if path == "compiled" else lambda: None
    sieve = sieve_for(matcher) if path == "compiled" else parsed
    return sieve if path_of(sieve) == path else sys.exit("no rustc when the project was installed")


def turns(folder: Path, cache: Path, path: str, made: Iterable[bytes]) -> None:
    """Let orjson and a path take turns over all lines, and tell what they took."""
    from sec_ops.runtime.garbage import rare_collections

    matcher = matcher_for(folder, cache)
    sieve = sieve_of(path, matcher)
    lines = iter(made)
    parsing = running = first = 0.0
    hits = count = 0
    rules: set[str] = set()
    with rare_collections():
        while chunk := tuple(islice(lines, CHUNK)):
            began = time.process_time()
            for line in chunk:
                orjson.loads(line)
            between = time.process_time()
            for at in range(0, len(chunk), PIECE):
                for _, _, found in matcher.run(sieve(chunk[at : at + PIECE]).events):
                    hits += len(found)
                    rules.update(rule.header.id for rule in found)
            parsing += between - began
            running += time.process_time() - between
            count += len(chunk)
            first = first or running
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps([count, parsing, first, running, hits, len(rules), peak]))


def checked(folder: Path, cache: Path, events: Path, size: int) -> None:
    """Compare each path with the naive evaluator over a sample of events; exit with a message when they differ."""
    from sec_ops.detection.mapping.mapped import mapped
    from sec_ops.detection.mapping.recognition import recognised

    everything = tuple(varied(events, 1, every=50))
    lines = random.Random(3).sample(everything, size)
    found = {path: _hits(folder, cache, path, lines) for path in PATHS}
    matcher = matcher_for(folder, cache)
    shape = recognised(matcher.shapes, orjson.loads(lines[0]))
    expressions = {rule.header.id: mapped(rule, shape) for rule in matcher.rules if shape}
    ways = [(name, way) for name, each in expressions.items() for way in _ways(each)]
    for place, line in enumerate(lines):
        wanted = _naively(ways, orjson.loads(line))
        for path, hits in found.items():
            if (ours := hits.get(place, set())) != wanted:
                sys.exit(f"no figures: {path} found {sorted(ours)}, the naive evaluator {sorted(wanted)} in {line!r}")
    print(json.dumps(len(lines)))


def _hits(folder: Path, cache: Path, path: str, lines: Sequence[bytes]) -> dict[int, set[str]]:
    matcher = matcher_for(folder, cache)
    sieved = sieve_of(path, matcher)(lines)
    return {sieved.places[at]: {rule.header.id for rule in rules} for at, _, rules in matcher.run(sieved.events)}


def _ways(expression: Any) -> Sequence[All]:  # noqa: ANN401 - an expression, or why there is none
    parts = expression.parts if isinstance(expression, AnyOf) else (expression,)
    return [part for part in parts if isinstance(part, All)]


def _naively(ways: Sequence[tuple[str, All]], event: FlatEvent) -> set[str]:
    from sec_ops.detection.naive import finds

    known: dict[int, bool] = {}

    def holds(part: Expression) -> bool:
        if id(part) not in known:
            known[id(part)] = finds(part, event, ZONE)
        return known[id(part)]

    return {name for name, way in ways if all(holds(part) for part in way.parts)}


def _child(mode: str, *arguments: object) -> Any:  # noqa: ANN401 - what the part tells
    """Run a part of this module in a process of its own; return what it told."""
    return json.loads(
        cost([sys.executable, "-m", "benchmarks.detect_run", "--mode", mode, *map(str, arguments)]).output
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("events", type=Path, nargs="?")
    parser.add_argument("--rules", type=Path, default=Path("rules/detection"))
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--mode", choices=["load", "check", *SETS, *(f"lines-{each}" for each in SETS)])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--path", choices=PATHS, default="python")
    asked = parser.parse_args()
    if asked.mode:
        _part(asked)
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        events = asked.events or made_up(work / "made-up.jsonl")
        _figures(events, _unpacked(asked.rules, work), work / "cache", asked.times, asked.sample)


def _part(asked: argparse.Namespace) -> None:
    if asked.mode == "load":
        loaded(asked.rules, asked.cache)
    elif asked.mode == "check":
        checked(asked.rules, asked.cache, asked.events, asked.sample)
    elif asked.mode.startswith("lines-"):
        made = SETS[asked.mode.removeprefix("lines-")]
        sys.stdout.buffer.writelines(line.rstrip() + b"\n" for line in made(asked.events, asked.times))
    else:
        maker = [sys.executable, "-m", "benchmarks.detect_run", asked.events, "--mode", f"lines-{asked.mode}"]
        with subprocess.Popen([*maker, "--times", str(asked.times)], stdout=subprocess.PIPE) as process:
            turns(asked.rules, asked.cache, asked.path, process.stdout or ())


def _unpacked(rules: Path, work: Path) -> Path:
    if rules.is_dir():
        return rules
    (work / "rules").mkdir()
    subprocess.run(["tar", "-C", work / "rules", "-xf", rules.resolve()], check=True)
    return work / "rules"


def _figures(events: Path, rules: Path, cache: Path, times: int, sample: int) -> None:
    print(f"load {os.getloadavg()[0]:.1f} before\n")
    common = (events, "--rules", rules, "--cache", cache)
    cold = _child("load", *common)
    warm = _child("load", *common)
    print(f"{cold['rules']:,} rules: {cold['load']:.2f} CPU-s cold, {warm['load']:.2f} from the cache;")
    print(f"starting Python with imports {warm['start']:.2f} CPU-s\n")
    print(f"hits equal in a sample of {_child('check', *common, '--sample', sample):,} events\n")
    print("| | events | orjson µs | ours µs, orjson included | ratio | events per CPU-s | peak MB | hits / rules |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for mode, name in NAMED.items():
        for path in PATHS:
            result = Turns(*_child(mode, *common, "--times", times, "--path", path))
            print(result.line(f"{name} × {times}, {path}"), flush=True)
            print(f"| of them the first {CHUNK:,} | | | {result.first / min(CHUNK, result.events) * 1e6:.2f} | | | | |")
    print(f"\nload {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
