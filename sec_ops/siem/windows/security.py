"""Events of the Security channel (Microsoft-Windows-Security-Auditing) and of the System channel that matter most."""

from sec_ops.siem.windows.copies import (
    account,
    address,
    audited_data,
    audited_registry,
    file,
    member,
    number,
    program,
    text,
)
from sec_ops.siem.windows.meanings import Meaning, Named

__all__ = ["EVENT_LOG", "SECURITY", "SERVICES"]

_SUBJECT: Named = (
    ("SubjectUserSid", text("user.id")),
    ("SubjectUserName", text("user.name")),
    ("SubjectDomainName", text("user.domain")),
    ("SubjectLogonId", text("winlog.logon.id")),
)
_PROCESS: Named = (("ProcessId", number("process.pid")), ("ProcessName", program("process")))
_SOURCE: Named = (
    ("IpAddress", address("source.ip")),
    ("IpPort", number("source.port")),
    ("WorkstationName", text("source.domain")),
)
_TARGET_IS_USER: Named = (
    ("TargetUserSid", text("user.id")),
    ("TargetUserName", text("user.name")),
    ("TargetDomainName", text("user.domain")),
    ("TargetLogonId", text("winlog.logon.id")),
)
_LOGON: Named = (*_TARGET_IS_USER, *_PROCESS, *_SOURCE, ("LogonType", text("winlog.logon.type")))
_FAILED: Named = (*_LOGON, ("Status", text("error.code")), ("SubStatus", text("winlog.logon.failure.sub_status")))
_EXPLICIT: Named = (
    *_SUBJECT,
    *_PROCESS,
    ("TargetUserName", text("user.effective.name")),
    ("TargetDomainName", text("user.effective.domain")),
    ("TargetServerName", text("destination.domain")),
    ("IpAddress", address("source.ip")),
    ("IpPort", number("source.port")),
)
_CREATED: Named = (
    *_SUBJECT,
    ("NewProcessId", number("process.pid")),
    ("NewProcessName", program("process")),
    ("CommandLine", text("process.command_line")),
    ("ProcessId", number("process.parent.pid")),
    ("ParentProcessName", program("process.parent")),
)
_ACCOUNT: Named = (
    *_SUBJECT,
    ("TargetSid", text("user.target.id")),
    ("TargetUserName", text("user.target.name")),
    ("TargetDomainName", text("user.target.domain")),
)
_RENAMED: Named = (
    *_SUBJECT,
    ("TargetSid", text("user.target.id")),
    ("OldTargetUserName", text("user.target.name")),
    ("NewTargetUserName", text("user.changes.name")),
    ("TargetDomainName", text("user.target.domain")),
)
_GROUP: Named = (
    *_SUBJECT,
    ("TargetSid", text("group.id")),
    ("TargetUserName", text("group.name")),
    ("TargetDomainName", text("group.domain")),
    ("MemberSid", text("user.target.id")),
    ("MemberName", member),
)
_SERVICE: Named = (
    *_SUBJECT,
    ("ServiceName", text("service.name")),
    ("ServiceFileName", text("process.command_line")),
    ("ImagePath", text("process.command_line")),
)
_TASK: Named = (*_SUBJECT, ("TaskName", text("service.name")))
_KERBEROS: Named = (
    ("TargetSid", text("user.id")),
    ("TargetUserName", text("user.name")),
    ("TargetDomainName", text("user.domain")),
    ("ServiceName", text("service.name")),
    ("IpAddress", address("source.ip")),
    ("IpPort", number("source.port")),
)
_NTLM: Named = (
    ("TargetUserName", text("user.name")),
    ("Workstation", text("source.domain")),
    ("Status", text("error.code")),
)
_OBJECT: Named = (*_SUBJECT, *_PROCESS, ("ObjectName", text("file.path")))
_SHARE: Named = (
    *_SUBJECT,
    *_SOURCE,
    ("ShareName", text("file.share")),
    ("RelativeTargetName", file("file")),
)
_FILTERED: Named = (
    ("ProcessID", number("process.pid")),
    ("ProcessId", number("process.pid")),
    ("Application", program("process")),
    ("SourceAddress", address("source.ip")),
    ("SourcePort", number("source.port")),
    ("DestAddress", address("destination.ip")),
    ("DestPort", number("destination.port")),
    ("Protocol", text("network.iana_number")),
)
_SESSION: Named = (
    ("AccountName", text("user.name")),
    ("AccountDomain", text("user.domain")),
    ("ClientName", text("source.domain")),
    ("ClientAddress", address("source.ip")),
)
_CLEARED: Named = (
    ("SubjectUserSid", text("user.id")),
    ("SubjectUserName", text("user.name")),
    ("SubjectDomainName", text("user.domain")),
)


def _meaning(category: str, kind: str, action: str, copies: Named, outcome: str = "") -> Meaning:
    return Meaning(
        category=tuple(category.split()), type=tuple(kind.split()), action=action, copies=copies, outcome=outcome
    )


def _success(category: str, kind: str, action: str, copies: Named) -> Meaning:
    return _meaning(category, kind, action, copies, "success")


SECURITY: dict[int, Meaning] = {
    4624: _success("authentication session", "start", "logged-in", _LOGON),
    4625: _meaning("authentication", "start", "logon-failed", _FAILED, "failure"),
    4634: _success("authentication session", "end", "logged-out", _LOGON),
    4647: _success("authentication session", "end", "logged-out", _TARGET_IS_USER),
    4648: _success("authentication", "start", "logged-in-explicit", _EXPLICIT),
    4656: _meaning("file", "access", "object-handle-requested", _OBJECT),
    4657: _meaning(
        "configuration registry",
        "change",
        "registry-value-modified",
        (
            *_SUBJECT,
            *_PROCESS,
            (("ObjectName", "ObjectValueName"), audited_registry),
            (("NewValueType", "NewValue"), audited_data),
        ),
    ),
    4658: _meaning("file", "access", "object-handle-closed", (*_SUBJECT, *_PROCESS)),
    4663: _meaning("file", "access", "object-accessed", _OBJECT),
    4672: _success("iam", "admin", "logged-in-special", _SUBJECT),
    4673: _meaning("iam", "admin", "privileged-service-called", (*_SUBJECT, *_PROCESS)),
    4688: _success("process", "start", "created-process", _CREATED),
    4689: _success("process", "end", "exited-process", (*_SUBJECT, *_PROCESS)),
    4697: _success("iam configuration", "admin change", "service-installed", _SERVICE),
    4698: _success("iam configuration", "creation admin", "scheduled-task-created", _TASK),
    4699: _success("iam configuration", "deletion admin", "scheduled-task-deleted", _TASK),
    4700: _success("iam configuration", "change admin", "scheduled-task-enabled", _TASK),
    4701: _success("iam configuration", "change admin", "scheduled-task-disabled", _TASK),
    4702: _success("iam configuration", "change admin", "scheduled-task-updated", _TASK),
    4719: _success("iam configuration", "admin change", "changed-audit-config", _SUBJECT),
    4720: _success("iam", "user creation", "added-user-account", _ACCOUNT),
    4722: _success("iam", "user change", "enabled-user-account", _ACCOUNT),
    4723: _meaning("iam", "user change", "changed-password", _ACCOUNT),
    4724: _meaning("iam", "user change", "reset-password", _ACCOUNT),
    4725: _success("iam", "user change", "disabled-user-account", _ACCOUNT),
    4726: _success("iam", "user deletion", "deleted-user-account", _ACCOUNT),
    4727: _success("iam", "group creation", "added-group-account", _GROUP),
    4728: _success("iam", "group change", "added-member-to-group", _GROUP),
    4729: _success("iam", "group change", "removed-member-from-group", _GROUP),
    4730: _success("iam", "group deletion", "deleted-group-account", _GROUP),
    4731: _success("iam", "group creation", "added-group-account", _GROUP),
    4732: _success("iam", "group change", "added-member-to-group", _GROUP),
    4733: _success("iam", "group change", "removed-member-from-group", _GROUP),
    4734: _success("iam", "group deletion", "deleted-group-account", _GROUP),
    4735: _success("iam", "group change", "modified-group-account", _GROUP),
    4738: _success("iam", "user change", "modified-user-account", _ACCOUNT),
    4740: _success("iam", "user change", "locked-out-user-account", _ACCOUNT),
    4756: _success("iam", "group change", "added-member-to-group", _GROUP),
    4757: _success("iam", "group change", "removed-member-from-group", _GROUP),
    4767: _success("iam", "user change", "unlocked-user-account", _ACCOUNT),
    4768: _meaning("authentication", "start", "kerberos-authentication-ticket-requested", _KERBEROS),
    4769: _meaning("authentication", "start", "kerberos-service-ticket-requested", _KERBEROS),
    4771: _meaning("authentication", "start", "kerberos-preauth-failed", _KERBEROS, "failure"),
    4776: _meaning("authentication", "start", "credential-validated", _NTLM),
    4778: _success("authentication session", "start", "session-reconnected", _SESSION),
    4779: _success("authentication session", "end", "session-disconnected", _SESSION),
    4781: _success("iam", "user change", "renamed-user-account", _RENAMED),
    5140: _meaning("network file", "access", "network-share-accessed", _SHARE),
    5145: _meaning("network file", "access", "network-share-object-checked", _SHARE),
    5152: _meaning("network", "connection denied", "windows-firewall-packet-block", _FILTERED),
    5154: _meaning("network", "start", "windows-firewall-listen-permitted", _FILTERED),
    5156: _meaning("network", "connection allowed", "windows-firewall-connection-permitted", _FILTERED),
    5157: _meaning("network", "connection denied", "windows-firewall-connection-blocked", _FILTERED),
    5158: _meaning("network", "start", "windows-firewall-bind-permitted", _FILTERED),
}
EVENT_LOG: dict[int, Meaning] = {
    104: _success("iam", "admin change", "system-log-cleared", _CLEARED),
    1102: _success("iam", "admin change", "audit-log-cleared", _CLEARED),
}
SERVICES: dict[int, Meaning] = {
    7045: _success(
        "iam configuration",
        "admin change",
        "service-installed",
        (*_SERVICE, ("AccountName", account("user.effective"))),
    ),
}
