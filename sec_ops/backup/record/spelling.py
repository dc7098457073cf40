"""Verdicts and messages as JSON keeps them, in plain ASCII, so that no name of a file can break the record."""

import json
from typing import Any

from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message

__all__ = ["judged_text", "message_text", "read_judged", "read_message", "read_messages"]

_PATHS = 1000


def judged_text(judged: Judged) -> str:
    """Return a verdict with its words; of its paths the first thousand."""
    return json.dumps(
        {
            "verdict": judged.verdict.value,
            "what": _document(judged.what),
            "why": judged.why,
            "advice": _document(judged.advice) if judged.advice else None,
            "paths": judged.paths[:_PATHS],
        }
    )


def read_judged(text: str) -> Judged:
    """Return the verdict that a text keeps."""
    document = json.loads(text)
    return Judged(
        verdict=Verdict(document["verdict"]),
        what=_message(document["what"]),
        why=document["why"],
        advice=_message(document["advice"]) if document["advice"] else None,
        paths=tuple(document["paths"]),
    )


def message_text(*messages: Message) -> str:
    """Return messages as one text."""
    return json.dumps([_document(each) for each in messages])


def read_messages(text: str) -> tuple[Message, ...]:
    """Return the messages that a text keeps."""
    return tuple(_message(each) for each in json.loads(text))


def read_message(text: str) -> Message:
    """Return the one message that a text keeps."""
    (only,) = read_messages(text)
    return only


def _document(text: Message) -> dict[str, Any]:
    return {"text": text.text, "values": {name: _value(each) for name, each in text.values.items()}}


def _value(value: object) -> object:
    if isinstance(value, Message):
        return _document(value)
    return value if isinstance(value, int | float | str) else str(value)


def _message(document: dict[str, Any]) -> Message:
    return Message(document["text"], document["values"])
