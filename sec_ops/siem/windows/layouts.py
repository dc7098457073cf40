"""What senders call the fields of an event's System part when they write everything side by side.

A layout maps a sender's name to the slot it fills; every other name is a value of EventData. Sources: the flat form
that Sigma tools make of an EVTX file; NXLog's im_msvistalog fields; the properties of EventLogRecord that PowerShell's
ConvertTo-Json and Format-List show; Winlogbeat 6, before ECS.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHANNEL", "COMPUTER", "EVENT_ID", "LAYOUTS", "LEVEL", "NESTED", "PROVIDER", "SYSTEM", "TIMES", "Layout"]

PROVIDER, EVENT_ID, CHANNEL, LEVEL = "winlog.provider_name", "winlog.event_id", "winlog.channel", "winlog.level"
COMPUTER = "winlog.computer_name"
TIMES = ("time.system", "time.created")
"""Slots of the two times a record may have; the better one becomes the event's."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A sender's names, and those of them that together tell its records from others'."""

    tell: tuple[frozenset[str], ...]
    slots: Mapping[str, str]

    def claims(self, keys: frozenset[str]) -> bool:
        """Return whether a record with these names is of this layout."""
        return any(names <= keys for names in self.tell)

    def name(self, slot: str, keys: frozenset[str]) -> str:
        """Return which of the names fills a slot; empty when none does."""
        return next((name for name, filled in self.slots.items() if filled == slot and name in keys), "")


def _tell(*alternatives: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names.split()) for names in alternatives)


_COMMON = {
    "Channel": CHANNEL,
    "EventID": EVENT_ID,
    "Version": "winlog.version",
    "Task": "winlog.task",
    "Opcode": "winlog.opcode",
    "Keywords": "winlog.keywords",
    "Qualifiers": "winlog.qualifiers",
    "Message": "message",
}
_FLAT = Layout(
    _tell("Provider_Name EventID", "SystemTime EventID", "TimeCreated_SystemTime EventID", "Channel EventID Computer"),
    _COMMON
    | {
        "Provider_Name": PROVIDER,
        "Provider_Guid": "winlog.provider_guid",
        "Provider_EventSourceName": "winlog.event_source_name",
        "Level": LEVEL,
        "SystemTime": TIMES[0],
        "TimeCreated_SystemTime": TIMES[0],
        "TimeCreated": TIMES[1],
        "EventID_Qualifiers": "winlog.qualifiers",
        "EventRecordID": "winlog.record_id",
        "Execution_ProcessID": "winlog.process.pid",
        "Execution_ThreadID": "winlog.process.thread.id",
        "Correlation_ActivityID": "winlog.activity_id",
        "Correlation_RelatedActivityID": "winlog.related_activity_id",
        "Security_UserID": "winlog.user.identifier",
        "Computer": COMPUTER,
    },
)
_NXLOG = Layout(
    _tell("SourceName EventID Hostname", "SourceName EventID Channel", "EventID SourceModuleType"),
    _COMMON
    | {
        "SourceName": PROVIDER,
        "ProviderGuid": "winlog.provider_guid",
        "LevelValue": LEVEL,
        "TaskValue": "winlog.task",
        "SeverityValue": "nxlog.severity_value",
        "Severity": "log.level",
        "EventType": "nxlog.event_type",
        "EventTime": TIMES[0],
        "TimeCreated": TIMES[0],
        "@timestamp": TIMES[1],
        "EventReceivedTime": "nxlog.received",
        "RecordNumber": "winlog.record_id",
        "ProcessID": "winlog.process.pid",
        "ExecutionProcessID": "winlog.process.pid",
        "ThreadID": "winlog.process.thread.id",
        "ExecutionThreadID": "winlog.process.thread.id",
        "OpcodeValue": "nxlog.opcode_value",
        "ActivityID": "winlog.activity_id",
        "RelatedActivityID": "winlog.related_activity_id",
        "UserID": "winlog.user.identifier",
        "Domain": "winlog.user.domain",
        "AccountName": "winlog.user.name",
        "AccountType": "winlog.user.type",
        "Category": "nxlog.category",
        "Hostname": COMPUTER,
        "SourceModuleName": "nxlog.source_module_name",
        "SourceModuleType": "nxlog.source_module_type",
    },
)
_POWERSHELL = Layout(
    _tell("Id ProviderName LogName", "Id ProviderName MachineName", "Id ProviderName TimeCreated"),
    {
        "Id": EVENT_ID,
        "ProviderName": PROVIDER,
        "ProviderId": "winlog.provider_guid",
        "LogName": CHANNEL,
        "Version": "winlog.version",
        "Level": LEVEL,
        "LevelDisplayName": "winlog.level_name",
        "Task": "winlog.task",
        "TaskDisplayName": "winlog.task_name",
        "Opcode": "winlog.opcode",
        "OpcodeDisplayName": "winlog.opcode_name",
        "Keywords": "winlog.keywords",
        "KeywordsDisplayNames": "winlog.keyword_names",
        "Qualifiers": "winlog.qualifiers",
        "RecordId": "winlog.record_id",
        "ProcessId": "winlog.process.pid",
        "ThreadId": "winlog.process.thread.id",
        "MachineName": COMPUTER,
        "UserId": "winlog.user.identifier",
        "TimeCreated": TIMES[0],
        "ActivityId": "winlog.activity_id",
        "RelatedActivityId": "winlog.related_activity_id",
        "ContainerLog": "log.file.path",
        "MatchedQueryIds": "powershell.matched_query_ids",
        "Bookmark": "powershell.bookmark",
        "Message": "message",
    },
)
_BEAT_6 = Layout(
    _tell("log_name event_id", "source_name event_id computer_name"),
    {
        "event_id": EVENT_ID,
        "source_name": PROVIDER,
        "provider_guid": "winlog.provider_guid",
        "log_name": CHANNEL,
        "computer_name": COMPUTER,
        "record_number": "winlog.record_id",
        "process_id": "winlog.process.pid",
        "thread_id": "winlog.process.thread.id",
        "level": "log.level",
        "keywords": "winlog.keywords",
        "task": "winlog.task",
        "opcode": "winlog.opcode",
        "version": "winlog.version",
        "activity_id": "winlog.activity_id",
        "related_activity_id": "winlog.related_activity_id",
        "@timestamp": TIMES[0],
        "message": "message",
        "tags": "tags",
        **{
            name: f"winlogbeat.{name}"
            for name in ("@metadata", "beat", "fields", "host", "message_error", "type", "user")
        },
    },
)
SYSTEM = "System."
"""Prefix of System's names in a record made flat: EventData may hold a `Channel` of its own."""
NESTED = Layout(
    _tell(f"{SYSTEM}EventID"),
    {
        **{f"{SYSTEM}{name}": slot for name, slot in _FLAT.slots.items() if name != "TimeCreated"},
        f"{SYSTEM}UserDataName": "winlog.user_data.xml_name",
        f"{SYSTEM}TimeText": TIMES[1],
    },
)
LAYOUTS = (NESTED, _FLAT, _NXLOG, _POWERSHELL, _BEAT_6)
