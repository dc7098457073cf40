"""Sysmon's events 1 to 29 (Microsoft-Windows-Sysmon/Operational)."""

from sec_ops.siem.windows.copies import (
    Same,
    account,
    address,
    answers,
    file,
    hashes,
    lower,
    number,
    program,
    registry,
    status,
    text,
)
from sec_ops.siem.windows.meanings import Meaning, Named

__all__ = ["SYSMON"]

_PROCESS: Named = (
    ("ProcessGuid", Same("process.entity_id")),
    ("ProcessId", number("process.pid")),
    ("Image", program("process")),
    ("User", account("user")),
    ("RuleName", text("rule.name")),
)
_STARTED: Named = (
    *_PROCESS,
    ("CommandLine", Same("process.command_line")),
    ("CurrentDirectory", Same("process.working_directory")),
    ("Hashes", hashes("process")),
    ("OriginalFileName", text("process.pe.original_file_name")),
    ("Company", text("process.pe.company")),
    ("Description", text("process.pe.description")),
    ("Product", text("process.pe.product")),
    ("FileVersion", text("process.pe.file_version")),
    ("ParentProcessGuid", Same("process.parent.entity_id")),
    ("ParentProcessId", number("process.parent.pid")),
    ("ParentImage", program("process.parent")),
    ("ParentCommandLine", Same("process.parent.command_line")),
)
_CONNECTED: Named = (
    *_PROCESS,
    ("Protocol", lower("network.transport")),
    ("Initiated", status("network.direction", {"true": "egress", "false": "ingress"})),
    ("SourceIp", address("source.ip")),
    ("SourceHostname", text("source.domain")),
    ("SourcePort", number("source.port")),
    ("DestinationIp", address("destination.ip")),
    ("DestinationHostname", text("destination.domain")),
    ("DestinationPort", number("destination.port")),
)
_MODULE: Named = (
    *_PROCESS,
    ("ImageLoaded", file("file")),
    ("Hashes", hashes("file")),
    ("OriginalFileName", text("file.pe.original_file_name")),
    ("Signature", text("file.code_signature.subject_name")),
    ("SignatureStatus", text("file.code_signature.status")),
)
_ACCESSED: Named = (
    ("SourceProcessGUID", Same("process.entity_id")),
    ("SourceProcessGuid", Same("process.entity_id")),
    ("SourceProcessId", number("process.pid")),
    ("SourceThreadId", number("process.thread.id")),
    ("SourceImage", program("process")),
    ("SourceUser", account("user")),
    ("RuleName", text("rule.name")),
)
_FILE: Named = (*_PROCESS, ("TargetFilename", file("file")), ("Hashes", hashes("file")), ("Hash", hashes("file")))
_REGISTRY: Named = (*_PROCESS, ("TargetObject", registry))
_VALUE: Named = (*_REGISTRY, ("Details", Same("registry.data.strings")))
_PIPE: Named = (*_PROCESS, ("PipeName", Same("file.name")))
_WMI: Named = (("User", account("user")), ("RuleName", text("rule.name")))
_DNS: Named = (*_PROCESS, ("QueryName", text("dns.question.name")), ("QueryResults", answers))


def _meaning(category: str, kind: str, action: str, copies: Named = _PROCESS) -> Meaning:
    return Meaning(category=tuple(category.split()), type=tuple(kind.split()), action=action, copies=copies)


SYSMON: dict[int, Meaning] = {
    1: _meaning("process", "start", "process-created", _STARTED),
    2: _meaning("file", "change", "file-creation-time-changed", _FILE),
    3: _meaning("network", "start connection", "network-connection", _CONNECTED),
    4: _meaning("process", "change", "sysmon-service-state-changed"),
    5: _meaning("process", "end", "process-terminated"),
    6: _meaning("driver", "start", "driver-loaded", _MODULE),
    7: _meaning("library", "start", "image-loaded", _MODULE),
    8: _meaning("process", "change", "remote-thread-created", _ACCESSED),
    9: _meaning("file", "access", "raw-disk-read", (*_PROCESS, ("Device", text("file.path")))),
    10: _meaning("process", "access", "process-accessed", _ACCESSED),
    11: _meaning("file", "creation", "file-created", _FILE),
    12: _meaning("configuration registry", "change", "registry-object-added-or-deleted", _REGISTRY),
    13: _meaning("configuration registry", "change", "registry-value-set", _VALUE),
    14: _meaning("configuration registry", "change", "registry-object-renamed", _REGISTRY),
    15: _meaning("file", "creation", "file-stream-created", _FILE),
    16: _meaning("configuration", "change", "sysmon-configuration-changed"),
    17: _meaning("file", "creation", "pipe-created", _PIPE),
    18: _meaning("file", "access", "pipe-connected", _PIPE),
    19: _meaning("configuration", "creation", "wmi-event-filter", _WMI),
    20: _meaning("configuration", "creation", "wmi-event-consumer", _WMI),
    21: _meaning("configuration", "creation", "wmi-event-consumer-to-filter", _WMI),
    22: _meaning("network", "connection protocol info", "dns-query", _DNS),
    23: _meaning("file", "deletion", "file-deleted", _FILE),
    24: _meaning("process", "change", "clipboard-changed"),
    25: _meaning("process", "change", "process-image-tampered"),
    26: _meaning("file", "deletion", "file-delete-logged", _FILE),
    27: _meaning("file", "denied", "executable-file-blocked", _FILE),
    28: _meaning("file", "denied", "file-shredding-blocked", _FILE),
    29: _meaning("file", "creation", "executable-file-detected", _FILE),
    255: _meaning("process", "error", "sysmon-error"),
}
