"""The section `logs: elasticsearch:` of `sec-ops.yml`: where the cluster is, and how it is spoken to."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value, is_loopback

__all__ = ["ElasticsearchSettings"]


_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~/-]*)?",
    re.ASCII,
)
_LAST_PORT = 65_535


def _address(text: str) -> str:
    """Return the URL as it is: https anywhere, http on loopback, and never with a user or password in it."""
    if "@" in text:
        raise RuleBroken(message("name the user and the reference to its password apart, not in the address"))
    parts = _URL.fullmatch(text)
    if parts is None or not 0 < int(parts["port"] or 1) <= _LAST_PORT:
        raise RuleBroken(message("{given} is no address such as https://logs.example.org:9200", given=text))
    if parts["scheme"] == "http" and not is_loopback(parts["six"] or parts["host"]):
        raise RuleBroken(message("{given}: beyond this machine only https is spoken", given=text))
    return text


class ElasticsearchSettings(Value):
    """A cluster of Elasticsearch 8.19 or 9 that keeps the events."""

    urls: tuple[Annotated[NonEmpty, AfterValidator(_address)], ...] = Field(
        min_length=1, description="addresses of its nodes"
    )
    prefix: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)] = Field(
        default="sec-ops", description="what the names of all its indices begin with"
    )
    ca: NonEmpty | None = Field(
        default=None,
        description="PEM file of the only authority that is trusted, relative to the site; default: the system's",
    )
    api_key: dict[str, str] | None = Field(default=None, description="reference to the encoded API key")
    user: NonEmpty | None = None
    password: dict[str, str] | None = Field(default=None, description="reference to the user's password")
    shards: int = Field(default=1, ge=1, le=64, description="primary shards of a day's index, for days over 50 GB")
    request_seconds: float = Field(default=60, gt=0, le=3600, description="deadline of one request")
    retry_seconds: float = Field(
        default=300, ge=0, le=86_400, description="how long a refused or lost write is tried again before it fails"
    )

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise RuleBroken(message("user and password go together"))
        if self.api_key is not None and self.user is not None:
            raise RuleBroken(message("an API key or a user, not both"))
        return self
