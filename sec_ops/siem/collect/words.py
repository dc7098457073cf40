"""What is said of logs that could not be read, and of gaps."""

from collections.abc import Mapping

from sec_ops.model.messages import Message, message
from sec_ops.siem.collect.series import GapKind

__all__ = ["fault_text", "gap_text"]

_FAULTS: Mapping[str, Message] = {
    "absent": message("there is no such log on the host"),
    "closed": message("the login user may not look into its folder; put it into group adm, or allow sudo"),
    "unreadable": message("the login user may not read it; put it into groups adm and systemd-journal, or allow sudo"),
    "link": message("it is a link, and links are not followed; name the file itself"),
    "many": message("more files than are looked at; name narrower paths"),
    "failed": message("the program that reads it ended with an error"),
    "too-large": message("an entry is larger than any bound"),
    "damaged": message("a compressed file can't be read to its end"),
    "moving": message("it had another name each time it was to be read; pull again"),
    "unread": message("the host was not visited"),
    "name_unknown": message("the host's name has no address"),
    "connection_refused": message("the host refused the connection"),
    "host_unreachable": message("the host did not answer"),
    "host_key_unknown": message("the host's key is not known"),
    "host_key_changed": message("the host's key is another than the known one"),
    "authentication_failed": message("the host did not let the login user in"),
    "privilege_refused": message("the host did not give the login user the right to read"),
    "deadline_exceeded": message("the host was too slow"),
    "connection_lost": message("the connection to the host was lost"),
    "protocol_failed": message("the host's answer could not be understood"),
    "output_exceeded": message("the host sent more than is accepted"),
}
_GAPS: Mapping[GapKind, Message] = {
    GapKind.GONE: message("gap: a file was rotated away or deleted before it had been read to its end"),
    GapKind.TRUNCATED: message("gap: the file was emptied, and what it held is nowhere else"),
    GapKind.SHRUNK: message("gap: the end of the file was cut off after it had been read"),
    GapKind.REWRITTEN: message("gap: what had been read no longer stands in the file"),
    GapKind.CURSOR_LOST: message("gap: the journal dropped entries before they had been read"),
    GapKind.DAMAGED: message("gap: a compressed file can't be read to its end"),
}


def fault_text(word: str) -> Message:
    """Return what a fault's word means."""
    if word.startswith("without-"):
        return message("the host has no {program}", program=word.removeprefix("without-"))
    return _FAULTS.get(word) or message("it could not be read: {word}", word=word)


def gap_text(kind: GapKind) -> Message:
    """Return what a gap's kind means."""
    return _GAPS[kind]
