"""Notices as RFC 5424 syslog messages: one line, the id and kind as structured data."""

import os
import socket

from sec_ops.model.notice import Level, SyslogNotifier
from sec_ops.notify.notifiers import Deliver, NotifierDoors
from sec_ops.notify.spoken import Spoken
from sec_ops.transport.syslog import SyslogTarget, send_syslog

__all__ = ["deliverer", "message_frame"]

_SEVERITIES = {Level.INFORMATION: 6, Level.WARNING: 4, Level.CRITICAL: 2}
_BOUND_BYTES = 2048
"""The length every RFC 5424 receiver should take; the rest of the text is cut off."""
_ENTERPRISE = 32473
"""The number RFC 5612 reserves for documentation: this project has none of its own."""


def deliverer(settings: SyslogNotifier, doors: NotifierDoors) -> Deliver:
    """Return what sends to the collector; raises TransportError when delivering."""
    ca = doors.root / settings.ca if settings.ca else None
    target = SyslogTarget(protocol=settings.protocol, address=settings.address, port=settings.port, ca=ca)

    def deliver(spoken: Spoken) -> None:
        send_syslog(target, message_frame(spoken, settings.facility, socket.gethostname()))

    return deliver


def message_frame(spoken: Spoken, facility: int, host: str) -> bytes:
    """Return one RFC 5424 message of at most 2,048 bytes, cut between characters."""
    notice = spoken.notice
    priority = 8 * facility + _SEVERITIES[notice.level]
    data = f'[notice@{_ENTERPRISE} id="{_quoted(notice.id)}" kind="{_quoted(notice.kind)}"]'
    head = f"<{priority}>1 {notice.at} {_name(host)} sec-ops {os.getpid()} {_name(notice.kind)[:32]} {data} \ufeff"
    text = " · ".join([spoken.title, *spoken.text.split("\n")])
    return (head + text).encode("utf-8", "replace")[:_BOUND_BYTES].decode("utf-8", "ignore").encode()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _name(text: str) -> str:
    return "".join(each for each in text if "!" <= each <= "~") or "-"
