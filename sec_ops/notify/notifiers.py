"""The ways notices go: one module of this room a way, all held to one contract (`tests/contract/test_notifiers.py`)."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from sec_ops.model.notice import (
    FileNotifier,
    Level,
    Notice,
    NotifierSettings,
    SmtpNotifier,
    SyslogNotifier,
    WebhookNotifier,
)
from sec_ops.model.protocols import Clock, SecretReader
from sec_ops.notify.spoken import Spoken

__all__ = ["Deliver", "NotifierDoors", "deliverer", "takes", "wants"]

Deliver = Callable[[Spoken], None]
"""Deliver one notice, or raise TransportError, EngineError, StorageError, ContentInvalid or UsageError.

To be told again after a failure is safe: the receiver sees the same id.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierDoors:
    """What notifiers need of the world; relative paths are below `root`."""

    root: Path
    read_secret: SecretReader
    clock: Clock


def wants(settings: NotifierSettings, notice: Notice) -> bool:
    """Return whether a notice is grave enough and of a kind that this notifier sends."""
    return takes(settings, notice.kind, notice.level)


def takes(settings: NotifierSettings, kind: str, level: Level) -> bool:
    """Return whether a notifier sends notices of a kind that are so grave."""
    return level.rank >= settings.least.rank and any(fnmatchcase(kind, each) for each in settings.kinds)


def deliverer(settings: NotifierSettings, doors: NotifierDoors) -> Deliver:
    """Return what delivers notices as the settings say; nothing is opened before the first notice."""
    from sec_ops.notify import file, smtp, syslog, webhook

    makers: dict[type[Any], Callable[[Any, NotifierDoors], Deliver]] = {
        FileNotifier: file.deliverer,
        SyslogNotifier: syslog.deliverer,
        WebhookNotifier: webhook.deliverer,
        SmtpNotifier: smtp.deliverer,
    }
    return makers[type(settings)](settings, doors)
