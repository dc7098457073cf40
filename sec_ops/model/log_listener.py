"""Listeners of `logs listen`: what is received where, from whom, and what is known of it beforehand."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Encoding, Identifier, Network, NonEmpty, RuleBroken, Value, Zone

__all__ = ["ApiKey", "Listener", "ListenerBounds", "ListenerKind", "ListenerTls", "Sender"]

ListenerKind = Literal["syslog_udp", "syslog_tcp", "syslog_tls", "relp", "bulk"]


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise RuleBroken(message("{given} is no address", given=text)) from None


Address = Annotated[str, AfterValidator(_address)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ListenerTls(Value):
    """TLS of a listener, version 1.2 or newer."""

    certificate: NonEmpty = Field(description="PEM file of the certificate and its chain, relative to the site")
    key: NonEmpty | dict[str, str] = Field(description="PEM file of the private key, or a reference to a secret")
    key_passphrase: dict[str, str] | None = Field(default=None, description="reference to a secret")
    client_ca: NonEmpty | None = Field(
        default=None, description="PEM file of the authorities whose client certificates are asked for and accepted"
    )
    names: tuple[NonEmpty, ...] = Field(
        default=(), description="names or addresses in client certificates; * as the first label; default: any"
    )

    @model_validator(mode="after")
    def _verifiable(self) -> Self:
        if self.names and self.client_ca is None:
            raise RuleBroken(message("names of client certificates need client_ca to verify them"))
        return self


class Sender(Value):
    """Who may send, and what is known of it; the first entry that fits decides. Without networks and names: anybody."""

    networks: tuple[Network, ...] = Field(default=(), description="addresses or networks")
    names: tuple[NonEmpty, ...] = Field(default=(), description="names in its verified client certificate")
    unit: Identifier | None = None
    host: NonEmpty | None = Field(default=None, description="default: the inventory's host of that address or name")
    relay: bool = Field(default=False, description="it passes on what others wrote: each record names its own host")
    dataset: Identifier | None = None
    parser: Identifier | None = None
    zone: Zone | None = Field(default=None, description="IANA time zone of times that name none")
    encoding: Encoding | None = Field(default=None, description="such as gb18030; default: recognised")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.relay and self.host is not None:
            raise RuleBroken(message("a relay has no host of its own in its records: leave out host or relay"))
        return self


class ApiKey(Value):
    """A key of the `_bulk` endpoint: it decides what its events are, not the events."""

    id: Identifier
    sha256: Sha256 = Field(description="of the secret, as `sec-ops logs listen --make-key ID` prints it")
    unit: Identifier | None = None
    dataset: Identifier | None = None
    host: NonEmpty | None = Field(default=None, description="default: the host that the event names")
    parser: Identifier | None = None
    zone: Zone | None = Field(default=None, description="IANA time zone of times that name none")
    networks: tuple[Network, ...] = Field(default=(), description="from where it may be used; default: anywhere")


class ListenerBounds(Value):
    """What a listener takes at most."""

    message_bytes: int = Field(default=262_144, ge=480, le=16_777_216, description="longer ones are kept in pieces")
    connections: int = Field(default=1_000, ge=1, le=10_000)
    connections_per_sender: int = Field(default=64, ge=1, le=10_000, description="from one address")
    idle_seconds: int = Field(default=86_400, ge=5, description="silence after which a connection is closed")
    frame_seconds: int = Field(default=60, ge=1, description="time that a begun message or request may take")
    body_bytes: int = Field(default=33_554_432, ge=1_024, le=268_435_456, description="one bulk request as sent")
    plain_bytes: int = Field(default=104_857_600, ge=1_024, le=536_870_912, description="one bulk request unpacked")
    unpack_ratio: int = Field(default=200, ge=2, description="unpacked by packed bytes, past the first MiB")
    receive_buffer_bytes: int = Field(default=33_554_432, ge=65_536, description="asked of the system for UDP")


class Listener(Value):
    """One door: what is spoken at which address and port."""

    id: Identifier
    kind: ListenerKind
    address: Address = Field(default="127.0.0.1", description="to listen at; 0.0.0.0 or :: for all")
    port: int = Field(ge=0, le=65_535, description="0: the system chooses")
    tls: ListenerTls | None = None
    plain_text: Literal["refused", "accepted"] = Field(
        default="refused", description="`accepted` lets a syslog or RELP listener without TLS be reached from outside"
    )
    senders: tuple[Sender, ...] = ()
    keys: tuple[ApiKey, ...] = Field(default=(), description="of the bulk endpoint")
    bounds: ListenerBounds = ListenerBounds()

    @property
    def loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.kind == "syslog_tls" and self.tls is None:
            raise RuleBroken(message("a TLS listener needs tls: certificate and key"))
        if self.kind in ("syslog_udp", "syslog_tcp") and self.tls is not None:
            raise RuleBroken(message("{kind} has no TLS; the kind with TLS is syslog_tls", kind=self.kind))
        if self.keys and self.kind != "bulk":
            raise RuleBroken(message("keys belong to the bulk endpoint; other listeners know their senders"))
        if len({key.id for key in self.keys}) < len(self.keys):
            raise RuleBroken(message("two keys of the listener have one id"))
        if not self.loopback:
            self._reachable()
        return self

    def _reachable(self) -> None:
        """Refuse what must not be reached from other machines."""
        if self.kind == "bulk" and (self.tls is None or not self.keys):
            raise RuleBroken(message("a bulk endpoint beyond loopback needs tls and keys"))
        if self.tls is None and self.plain_text == "refused":
            raise RuleBroken(
                message("a listener beyond loopback needs tls; for devices that can't, say plain_text: accepted")
            )
        verified = self.tls is not None and self.tls.client_ca is not None
        if self.kind != "bulk" and not self.senders and not verified:
            raise RuleBroken(message("a listener beyond loopback needs senders, or client certificates (client_ca)"))
