"""Notices to people 通知: what happened, how grave it is, what to do; and where a site wants them sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import Message, message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value

__all__ = [
    "FileNotifier",
    "Level",
    "Notice",
    "NotifierSettings",
    "Notify",
    "SmtpNotifier",
    "SyslogNotifier",
    "WebhookNotifier",
]


class Level(StrEnum):
    """How grave a notice is."""

    INFORMATION = "information"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return 0 for information up to 2 for critical."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice. `id` is the same each time the same thing is told, `at` RFC 3339 in UTC, `data` for machines."""

    id: str
    kind: str
    level: Level
    at: str
    title: Message
    lines: tuple[Message, ...] = ()
    advice: Message | None = None
    data: Mapping[str, str | int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the notice as JSON keeps it while it waits to be sent."""
        return {
            "id": self.id,
            "kind": self.kind,
            "level": self.level.value,
            "at": self.at,
            "title": _document(self.title),
            "lines": [_document(each) for each in self.lines],
            "advice": _document(self.advice) if self.advice else None,
            "data": dict(self.data),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Notice":
        """Return the notice that a document holds; raises KeyError or ValueError for what is none."""
        return cls(
            id=document["id"],
            kind=document["kind"],
            level=Level(document["level"]),
            at=document["at"],
            title=_message(document["title"]),
            lines=tuple(_message(each) for each in document["lines"]),
            advice=_message(document["advice"]) if document["advice"] else None,
            data=document["data"],
        )


def _document(text: Message) -> dict[str, Any]:
    return {"text": text.text, "values": {name: _value(each) for name, each in text.values.items()}}


def _value(value: object) -> object:
    if isinstance(value, Message):
        return _document(value)
    return value if isinstance(value, int | float | str) else str(value)


def _message(document: Mapping[str, Any]) -> Message:
    return Message(document["text"], document["values"])


class _Notifier(Value):
    id: Identifier
    least: Level = Field(default=Level.WARNING, description="notices below this are not sent here")
    kinds: tuple[NonEmpty, ...] = Field(default=("*",), description="patterns of kinds, such as schedule.*")


class FileNotifier(_Notifier):
    """Appends a line of JSON to a file."""

    kind: Literal["file"]
    path: NonEmpty = Field(description="relative to the site")


class SyslogNotifier(_Notifier):
    """Sends RFC 5424 syslog."""

    kind: Literal["syslog"]
    protocol: Literal["unix", "udp", "tcp", "tls"] = "unix"
    address: NonEmpty = Field(default="/dev/log", description="socket, host name or address")
    port: int = Field(default=514, ge=1, le=65535)
    ca: NonEmpty | None = Field(default=None, description="PEM file of the authority that signed the server's key")
    facility: int = Field(default=13, ge=0, le=23, description="13 is log audit")


class WebhookNotifier(_Notifier):
    """Posts JSON to an address: our own form, or a group robot's of WeCom 企业微信, DingTalk 钉钉 or Feishu 飞书."""

    kind: Literal["webhook"]
    url: NonEmpty | None = None
    url_secret: dict[str, str] | None = Field(default=None, description="reference, where the address is a secret")
    form: Literal["json", "wecom", "dingtalk", "feishu"] = "json"
    signing_secret: dict[str, str] | None = Field(default=None, description="reference to the secret that signs")
    ca: NonEmpty | None = None

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if (self.url is None) == (self.url_secret is None):
            raise RuleBroken(message("a webhook needs exactly one of url and url_secret"))
        if self.url is not None and not re.match(r"https?://[^/\s]", self.url):
            raise RuleBroken(message("not an address such as https://host/path"))
        return self


class SmtpNotifier(_Notifier):
    """Sends a mail."""

    kind: Literal["smtp"]
    host: NonEmpty
    port: int = Field(default=465, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = Field(default="tls", description="none only on loopback")
    username: str = ""
    password: dict[str, str] | None = Field(default=None, description="reference")
    sender: NonEmpty
    recipients: tuple[NonEmpty, ...] = Field(min_length=1)
    ca: NonEmpty | None = None


NotifierSettings = Annotated[
    FileNotifier | SyslogNotifier | WebhookNotifier | SmtpNotifier, Field(discriminator="kind")
]


class Notify(Value):
    """Who is told of what."""

    language: Literal["zh", "en"] = Field(default="zh", description="language of the notices")
    notifiers: tuple[NotifierSettings, ...] = ()
