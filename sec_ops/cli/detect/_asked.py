"""What runs of detection are asked, and the rooms they need, opened alike for files and the store."""

from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from sec_ops.cli.alerting import site_suppressions
from sec_ops.cli.moments import moment_span
from sec_ops.content.library import Library
from sec_ops.detection.alerts.suppressing import Suppressions
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.rule import Level
from sec_ops.detection.run.choosing import choose
from sec_ops.detection.run.detection import Setting
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.run.rule_files import run_rules
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.site import Site
from sec_ops.siem.parse.loading import DEFAULT_ZONE
from sec_ops.siem.parse.moments import zone_named

__all__ = ["NEW", "Asked", "Made", "made", "span_of", "zone_of"]

NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of a run: `rules` are paths or ids, `fail_on` a level or `new`; empty text means not given."""

    rules: tuple[str, ...]
    level: Level
    since: str
    until: str
    zone: str
    fail_on: str
    keep: bool

    def __post_init__(self) -> None:
        """Raise UsageError for what no option can be."""
        if self.fail_on not in (NEW, *Level):
            advice = message("there are: {names}", names=", ".join((NEW, *Level)))
            raise UsageError(message("--fail-on {given} is no level", given=self.fail_on), advice=advice)
        if self.zone and zone_named(self.zone) is None:
            advice = message("use a name such as Asia/Shanghai or UTC")
            raise UsageError(message("there is no time zone {name}", name=self.zone), advice=advice)

    def document(self) -> dict[str, Any]:
        """Return what was asked, as the run's folder keeps it."""
        return {**asdict(self), "rules": list(self.rules), "level": self.level.value}


def zone_of(site: Site | None) -> tuple[str, tzinfo]:
    """Return the site's time zone and its name, the usual one without a site."""
    name = load_configuration(site).logs.zone if site else DEFAULT_ZONE
    found = zone_named(name)
    if found is None:
        raise UsageError(message("there is no time zone {name}", name=name))
    return name, found


def span_of(asked: Asked, zone: tzinfo) -> Span:
    """Return the times that were asked for; raises UsageError."""
    now_us = int(SystemClock().now().timestamp() * 1_000_000)
    since = moment_span("--since", asked.since, zone, now_us)[0] if asked.since else None
    until = moment_span("--until", asked.until, zone, now_us)[1] if asked.until else None
    if since is not None and until is not None and since >= until:
        raise UsageError(message("--since is not before --until"))
    return Span(since_us=since, until_us=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a run is made with: its setting, the digest of its rules, the site's suppressions."""

    setting: Setting
    rules_digest: str
    suppressions: Suppressions


def made(site: Site | None, content: Library, asked: Asked, zone: tzinfo) -> Made:
    """Return what a run is made with; raises UsageError and ContentInvalid."""
    now_ms = int(SystemClock().now().timestamp() * 1000)
    rules = run_rules(content, asked.rules, site.state if site else None)
    suppressions = site_suppressions(site) if site else Suppressions()
    setting = Setting(
        chosen=choose(rules.rules, rules.correlations, asked.level),
        refused=rules.refused,
        shapes=load_shapes(content),
        zone=zone,
        suppress=suppressions.at(now_ms),
        now_ms=now_ms,
        suppress_reads=suppressions.reads(),
    )
    return Made(setting=setting, rules_digest=rules.digest, suppressions=suppressions)
