"""Base of the values that come from files: frozen, strict about unknown keys."""

import codecs
import ipaddress
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sec_ops.model.messages import Message, message

__all__ = ["Encoding", "Identifier", "Network", "NonEmpty", "RuleBroken", "Text", "Value", "Zone", "is_loopback"]

NonEmpty = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]


class RuleBroken(ValueError):
    """What a model's validator raises: pydantic gathers these, the loader turns each into a fault with its line."""

    def __init__(self, what: Message) -> None:
        super().__init__(what)


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, KeyError, OSError):
        raise RuleBroken(message("not a time zone such as Asia/Shanghai")) from None


Zone = Annotated[str, AfterValidator(_zone)]
"""Name of an IANA time zone."""


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise RuleBroken(message("neither an address nor a network, such as 192.0.2.7 or 192.0.2.0/24")) from None
    return str(network if network.num_addresses > 1 else network.network_address)


Network = Annotated[str, AfterValidator(_network)]
"""An address or a network (`192.0.2.0/24`) of IPv4 or IPv6 in its shortest form."""


def _encoding(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        raise RuleBroken(message("there is no encoding {name}", name=text)) from None


Encoding = Annotated[str, AfterValidator(_encoding)]
"""Name of a character encoding that Python knows."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Value(BaseModel):
    """A frozen value; an unknown key is a fault. What checks a model is built when it is first used."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Text(Value):
    """A text for people in both languages."""

    zh: NonEmpty = Field(description="Chinese text")
    en: NonEmpty = Field(description="English text")

    def spoken(self, language: str) -> str:
        """Return the text in `zh` or `en`."""
        return self.zh if language == "zh" else self.en
