"""Live detection beside the indexer: a watcher that judges every event, and never keeps one from being stored."""

from collections.abc import Callable
from dataclasses import dataclass

from sec_ops.detection.database import Database
from sec_ops.detection.live.detector import Batch, Detector
from sec_ops.detection.live.judging import Judging
from sec_ops.detection.live.kept import Gap, GapReason, kept_gaps
from sec_ops.detection.live.standing import LiveStanding
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Clock
from sec_ops.siem.records import Transport
from sec_ops.siem.watching import Understood

__all__ = ["LiveDetection", "LiveDoors"]

RETRY_MS = 30_000
RELOAD_MS = 15_000
TELL_MS = 5_000
MANY_HITS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDoors:
    """What live detection needs of the world.

    `open_database` opens detection's database. `load` returns the rules as they are now, None when they are those of
    the digest that is named. `report` is called when alerts opened, and must return at once. `tell` is told every few
    seconds how detection stands. All but `report` may raise; whatever they raise is told as trouble.
    """

    clock: Clock
    open_database: Callable[[], Database]
    load: Callable[[str], Judging | None]
    report: Callable[[], None]
    tell: Callable[[LiveStanding], None]


class LiveDetection:
    """Judges what the indexer understands.

    Rules are read when they are needed (`ready`, or the first events). While there are none or no database, or when
    something breaks, events go on to the store unjudged; that is counted, tried again, and kept as a gap which hunting
    closes.
    """

    def __init__(self, doors: LiveDoors) -> None:
        self._doors = doors
        self._detector: Detector | None = None
        self._database: Database | None = None
        self._trouble: Message | None = None
        self._behind = _Behind()
        self._wanted = False
        self._begun: dict[str, int] = {}
        self._passed: dict[str, tuple[int, int]] = {}
        self._looked_ms = self._told_ms = self._tried_ms = -RETRY_MS
        self._since_ms = self._written_ms = self._now_ms()

    @property
    def trouble(self) -> Message | None:
        """Return what keeps detection from working, or kept it the last time."""
        return self._trouble

    def ready(self) -> None:
        """Read rules and open the database, unless that was tried."""
        if not self._wanted:
            self._wanted = True
            self._open()

    def look_again(self) -> None:
        """Look at the next pause whether rules changed; may be called from any thread."""
        self._looked_ms = self._tried_ms = self._monotonic_ms() - max(RELOAD_MS, RETRY_MS)

    def begin(self, stream: str, sequence: int) -> None:
        """Go on with a stream."""
        self._begun[stream] = sequence
        self._do(lambda detector: detector.begin(stream, sequence, self._now_ms()))

    def see(self, understood: Understood) -> None:
        """Judge events, but those of an import: these are hunted through or judged from their files."""
        stream, sequence, received_ms = understood.stream, understood.sequence, understood.received_ms
        if understood.transport is Transport.IMPORT:
            self._pass(stream, sequence, received_ms)
            return
        self.ready()
        if self._detector is None:
            self._behind.note(len(understood.rows), received_ms)
            self._pass(stream, sequence, received_ms)
            return
        rows = [*understood.rows]
        batch = Batch(
            stream=stream,
            sequence=sequence,
            received_ms=received_ms,
            events=[row.event for row in rows],
            record=lambda place: rows[place].place.record(rows[place].index),
            fell_silent=understood.fell_silent,
        )
        self._do(lambda detector: detector.see(batch, self._now_ms() * 1000))
        if self._detector and self._detector.waiting >= MANY_HITS:
            self._write()

    def settle(self, stream: str, sequence: int) -> None:
        """Write what was found, before the store takes the events, and how far batches without any bring a stream."""
        if stream not in self._passed and sequence > self._begun.get(stream, 0):
            self.ready()
        self._do(lambda detector: detector.settle(stream, sequence))
        self._write()

    def stored(self, stream: str, sequence: int) -> None:
        """Hear that the store has it."""
        del sequence
        self._do(lambda detector: detector.stored(stream, self._now_ms()))

    def pause(self) -> None:
        """Let time pass: tell of windows that are over, write what people wait for, look whether rules changed."""
        self._do(lambda detector: detector.advance(self._now_ms() * 1000))
        if self._detector and self._detector.urgent:
            self._write()
        if self._wanted:
            self._look_after_rules()
        if self._wanted and self._monotonic_ms() - self._told_ms >= TELL_MS:
            self._tell()

    def close(self) -> None:
        """Write what is left, and say that detection ended."""
        self._write()
        if self._wanted:
            self._tell(ended=True)
        if self._database:
            self._database.close()

    def _write(self) -> None:
        if self._detector is None:
            return
        try:
            taken = self._detector.write(self._now_ms())
        except SecOpsError as error:  # what is not written waits for the next time
            self._trouble = error.what
            return
        except Exception as error:  # noqa: BLE001 - collecting goes on, whatever detection runs into
            self._failed(error)
            return
        self._trouble, self._written_ms = None, self._now_ms()
        if taken.opened or taken.reopened:
            self._doors.report()

    def _do(self, act: Callable[[Detector], None]) -> None:
        if self._detector is None:
            return
        try:
            act(self._detector)
        except Exception as error:  # noqa: BLE001 - collecting goes on, whatever detection runs into
            self._failed(error)

    def _pass(self, stream: str, sequence: int, received_ms: int) -> None:
        self._passed[stream] = (sequence, received_ms)
        self._do(lambda detector: detector.pass_over(stream, sequence, received_ms))

    def _failed(self, error: Exception) -> None:
        """Begin again later from what was written; what came since then is a gap."""
        self._trouble = _words(error)
        self._detector = None
        self._tried_ms = self._monotonic_ms()
        self._behind.note(0, self._written_ms)

    def _look_after_rules(self) -> None:
        now = self._monotonic_ms()
        if self._detector is None:
            if now - self._tried_ms >= RETRY_MS:
                self._open()
        elif now - self._looked_ms >= RELOAD_MS:
            self._looked_ms = now
            try:
                judging = self._doors.load(self._detector.judging.digest)
            except Exception as error:  # noqa: BLE001 - the rules that are loaded go on judging
                self._trouble = _words(error)
            else:
                self._do(lambda detector: detector.change(judging) if judging else None)

    def _open(self) -> None:
        self._tried_ms = self._looked_ms = self._monotonic_ms()
        try:
            judging = self._doors.load("")
            self._database = self._database or self._doors.open_database()
            if judging is None:
                return
            detector = Detector(self._database, judging)
            for stream, sequence in self._begun.items():
                detector.begin(stream, sequence, self._now_ms())
            for stream, (sequence, received_ms) in self._passed.items():
                detector.pass_over(stream, sequence, received_ms)
        except Exception as error:  # noqa: BLE001 - collecting goes on, whatever detection runs into
            self._trouble = _words(error)
            return
        self._detector, self._trouble = detector, None
        if gap := self._behind.gap(self._now_ms()):
            detector.gap(gap)
        self._behind, self._passed = _Behind(), {}

    def _tell(self, *, ended: bool = False) -> None:
        self._told_ms = self._monotonic_ms()
        detector, judging = self._detector, self._detector.judging if self._detector else None
        try:
            gaps = kept_gaps(self._database) if self._database else ()
            standing = LiveStanding(
                since_ms=self._since_ms,
                updated_ms=self._now_ms(),
                ended_ms=self._now_ms() if ended else None,
                rules=len(judging.rules) if judging else 0,
                correlations=len(judging.correlations) if judging else 0,
                events=detector.tally.events if detector else 0,
                hits=detector.tally.hits if detector else 0,
                alerts=detector.tally.alerts if detector else 0,
                delay_ms=detector.tally.delay_ms if detector else 0,
                unjudged=self._behind.events,
                gaps=len(gaps),
                gap_since_ms=min((gap.since_ms for gap in gaps), default=self._behind.since_ms),
                trouble=self._trouble,
                not_used=detector.not_used if detector else {},
            )
            self._doors.tell(standing)
        except Exception as error:  # noqa: BLE001 - collecting goes on, whatever detection runs into
            self._trouble = _words(error)

    def _now_ms(self) -> int:
        return int(self._doors.clock.now().timestamp() * 1000)

    def _monotonic_ms(self) -> int:
        return self._doors.clock.monotonic_ms()


class _Behind:
    """What passed unjudged since detection stopped."""

    def __init__(self) -> None:
        self.events = 0
        self.since_ms: int | None = None

    def note(self, events: int, received_ms: int) -> None:
        self.events += events
        self.since_ms = received_ms if self.since_ms is None else min(self.since_ms, received_ms)

    def gap(self, now_ms: int) -> Gap | None:
        if self.since_ms is None:
            return None
        return Gap(since_ms=self.since_ms, until_ms=now_ms, reason=GapReason.NOT_READY, events=self.events)


def _words(error: Exception) -> Message:
    if isinstance(error, SecOpsError):
        return error.what
    return message("live detection broke off: {reason}", reason=f"{type(error).__name__}: {error}")
