"""Live detection beside whatever makes events of a site's raw log: its turn, its doors, its reports."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from sec_ops.cli.alerting import report_alerts, site_suppressions
from sec_ops.cli.output import note
from sec_ops.content.library import Library
from sec_ops.detection.database import DATABASE, open_database
from sec_ops.detection.library.loading import load_rules
from sec_ops.detection.live.standing import write_standing
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import Message
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.language import render
from sec_ops.runtime.locks import Lock
from sec_ops.runtime.site import Site
from sec_ops.siem.parse.moments import zone_named
from sec_ops.workflows.live_detection import LiveDetection, LiveDoors
from sec_ops.workflows.live_rules import LiveRules, RuleSource, state_of

__all__ = ["detecting", "take_turn"]

_REPORT_SECONDS = 30.0
_LEAST_SECONDS = 1.0
_LAST_REPORT_SECONDS = 10.0


@contextmanager
def take_turn(site: Site, stop: Callable[[], bool]) -> Iterator[bool]:
    """Hold the right to make events of what listeners and pulls took, for one process at a time knows what it judged.

    Waits for it until `stop` says so; yields whether it is held. Raises StorageError.
    """
    if not load_configuration(site).detection.live:
        yield True
        return
    path = make_folder((site.var / DATABASE).parent) / "live.lock"
    while (lock := Lock.take(path)) is None and not stop():
        time.sleep(0.2)
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


@contextmanager
def detecting(site: Site) -> Iterator[LiveDetection | None]:
    """Judge events for as long as the block runs; None when the site wants no live detection."""
    if not load_configuration(site).detection.live:
        yield None
        return
    reporter = _Reporter(site)
    live = LiveDetection(
        LiveDoors(
            clock=SystemClock(),
            open_database=lambda: open_database(site.var / DATABASE),
            load=LiveRules(lambda: _state(site), lambda: _source(site)),
            report=reporter.report,
            tell=lambda standing: write_standing(site.state, standing),
        )
    )
    try:
        yield live
    finally:
        live.close()
        reporter.close()


def _state(site: Site) -> str:
    library = Library.open(site.root)
    roots = [library.shipped_root, *([library.site_root] if library.site_root else [])]
    folders = [root / "rules" / name for root in roots for name in ("detection", "pipelines", "shapes")]
    return state_of([*folders, site.approvals, site.configuration])


def _source(site: Site) -> RuleSource:
    library = Library.open(site.root)
    rules = load_rules(library, site.state)
    zone = zone_named(load_configuration(site).logs.zone)
    assert zone is not None  # noqa: S101 - the configuration was checked
    return RuleSource(
        rules=rules.rules,
        correlations=rules.correlations,
        shapes=load_shapes(library),
        zone=zone,
        suppress=site_suppressions(site).today(SystemClock()),
    )


class _Reporter:
    """Seals alerts and tells people of them, beside detection, so that no slow mail server holds it up."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._trouble = ""
        self._thread: threading.Thread | None = None

    def report(self) -> None:
        """Have what is new reported soon."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="alert-reports", daemon=True)
            self._thread.start()
        self._wanted.set()

    def close(self) -> None:
        """Report what is left, within ten seconds."""
        self._ended.set()
        self._wanted.set()
        if self._thread:
            self._thread.join(_LAST_REPORT_SECONDS)

    def _run(self) -> None:
        ended = False
        while not ended:
            self._wanted.wait(_REPORT_SECONDS)
            ended = self._ended.is_set()
            self._wanted.clear()
            try:
                self._report()
                self._trouble = ""
            except SecOpsError as error:
                self._complain(error.what)
            self._ended.wait(_LEAST_SECONDS)

    def _report(self) -> None:
        from sec_ops.cli.schedule_run import open_outbox
        from sec_ops.cli.sealing import evidence_of

        with closing(open_database(self._site.var / DATABASE)) as database, evidence_of(self._site) as log:
            report_alerts(self._site, database, site_suppressions(self._site), log, clock=SystemClock())
        for failure in open_outbox(self._site).deliver().failures:
            self._complain(failure.error.what)

    def _complain(self, what: Message) -> None:
        if render(what) != self._trouble:
            note(what)
        self._trouble = render(what)
