"""Kinds of evidence that detection leaves (see `sec_ops.model.evidence`)."""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.values import Value

__all__ = [
    "DetectionAlert",
    "DetectionAlertClosed",
    "DetectionAlertsDeleted",
    "DetectionRulesImported",
    "DetectionRun",
    "DetectionSummary",
    "DetectionSuppression",
    "SystemAlerts",
]

Digest = str


class DetectionRun(Value):
    """Rules judged events: of files, of the store, as they arrived, or in Elasticsearch.

    `events` are those judged; `unknown_shape` those that no pipeline knows, `not_read` files or parts that could not be
    read. The blob, if any, lists hits by rule and why rules can't fire here, were set aside or were refused.
    """

    kind: ClassVar[str] = "detection.run/1"
    run: str
    mode: Literal["files", "hunt", "live", "elasticsearch"]
    since: str = Field(default="", description="RFC 3339: the time from which stored events were judged")
    until: str = ""
    events: StrictInt = 0
    unknown_shape: StrictInt = 0
    not_read: StrictInt = 0
    rules_loaded: StrictInt = 0
    rules_cannot_fire: StrictInt = 0
    rules_refused: StrictInt = 0
    rules_set_aside: StrictInt = Field(default=0, description="rules with an expression that took too long altogether")
    searches_given_up: StrictInt = Field(default=0, description="searches in a value that took too long")
    rules_sha256: Digest = Field(default="", description="SHA-256 over the digests of the rules that were judged by")
    hits: StrictInt = 0
    repeated: StrictInt = Field(default=0, description="hits that had been counted before")
    suppressed: StrictInt = 0
    alerts_opened: StrictInt = 0
    alerts_reopened: StrictInt = 0
    alerts_grown: StrictInt = 0
    interrupted: StrictBool = False
    outcome: tuple[str, ...] = ()
    manifest: dict[str, Digest] = Field(default_factory=dict, description="file of the run to its SHA-256")


class DetectionAlert(Value):
    """An alert was opened, or opened again; the blob says about whom, and names some of its events.

    `events` are those counted when it was sealed; how many there were in the end is in the entry of its closing.
    """

    kind: ClassVar[str] = "detection.alert/1"
    alert: str
    change: Literal["opened", "reopened"]
    rule: str
    rule_sha256: Digest
    level: str
    runbook: str = ""
    events: StrictInt
    first: str = Field(default="", description="RFC 3339 time of the first event")
    last: str = ""


class DetectionAlertClosed(Value):
    """A person closed an alert; the blob holds the reason, and about whom it was."""

    kind: ClassVar[str] = "detection.alert_closed/1"
    alert: str
    rule: str
    rule_sha256: Digest
    level: str
    verdict: Literal["true_positive", "false_positive", "benign"]
    person: str
    events: StrictInt
    open_ms: StrictInt = Field(description="from its opening to its closing")
    reopened: StrictInt = 0


class DetectionAlertsDeleted(Value):
    """Alerts are let go now: sealed before they are removed, again when the removal was cut short.

    `rules` are how many of each rule, `sha256` is that of the lines `<id> <SHA-256 of the alert's canonical JSON>`, in
    order of ids.
    """

    kind: ClassVar[str] = "detection.alerts_deleted/1"
    alerts: StrictInt
    rules: dict[str, StrictInt]
    sha256: Digest
    settled_before: str = Field(description="RFC 3339; all of them were closed, or last suppressed, before")
    retention_days: StrictInt


class DetectionSuppression(Value):
    """An approved suppression began to hold, or ended, with what it had covered; the blob is its file."""

    kind: ClassVar[str] = "detection.suppression/1"
    suppression: str
    change: Literal["in_force", "ended"]
    sha256: Digest
    requester: str
    approver: str
    first_day: str
    last_day: str
    rules: tuple[str, ...] = Field(default=(), description="empty: all")
    levels: tuple[str, ...] = Field(default=(), description="empty: all")
    events: StrictInt = 0
    alerts: StrictInt = 0


class DetectionRulesImported(Value):
    """A release of rules was put into force, in place of the one before it; the blob is its manifest."""

    kind: ClassVar[str] = "detection.rules_imported/1"
    release: str
    sha256: Digest = Field(description="SHA-256 over the paths and digests of its files")
    source: str = Field(description="name of the file or folder it came from")
    source_sha256: Digest = Field(default="", description="of that file; empty for a folder")
    files: StrictInt
    added: StrictInt
    changed: StrictInt
    removed: StrictInt
    refused: StrictInt


class SystemAlerts(Value):
    """Alerts about the hosts of a key system: opened and closed in the last 30 days, and those that are open now.

    `oldest_open_hours` is how long the oldest open alert of the level from which people are told has been open.
    """

    id: str
    hosts: StrictInt = Field(default=0, description="hosts that the inventory names")
    opened: StrictInt = 0
    closed: StrictInt = 0
    open: StrictInt = 0
    oldest_open_hours: StrictInt = 0
    true_positive: StrictInt = Field(default=0, description="closed as such in the last 30 days")
    false_positive: StrictInt = 0
    benign: StrictInt = 0


class DetectionSummary(Value):
    """What detection did in the last day and what became of alerts; facts only, what they prove is a map's.

    `runs` are the sealed runs of the last 24 hours over stored events, `events` what they judged; `live` is when
    detection of arriving events was last seen at work, empty when not in that time. `rules` are those that could fire
    in the last of all these; `gaps` are events that passed unjudged and no hunt has judged since. Alerts count by
    system; one whose host no system has is in `others`.
    """

    kind: ClassVar[str] = "detection.summary/1"
    day: str = ""
    runs: StrictInt = 0
    events: StrictInt = 0
    live: str = Field(default="", description="RFC 3339")
    rules: StrictInt = 0
    gaps: StrictInt = 0
    notify: str = Field(default="", description="people are told of alerts of this level and above")
    notifiers: StrictInt = Field(default=0, description="notifiers that take such notices")
    suppressions: StrictInt = Field(default=0, description="suppressions in force")
    systems: tuple[SystemAlerts, ...] = ()
    others: SystemAlerts = SystemAlerts(id="")
