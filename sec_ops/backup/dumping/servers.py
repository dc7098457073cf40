"""Where a database answers, as settings of a source."""

from typing import Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value, is_loopback

__all__ = ["ServerSettings"]


class ServerSettings(Value):
    """A server on a socket, on this machine's loopback, or elsewhere and then by TLS with a checked certificate."""

    server: str = Field(default="", description="host name, address or socket; empty: the usual socket")
    port: int | None = Field(default=None, ge=1, le=65_535)
    user: NonEmpty
    certificate: str = Field(default="", description="PEM file of the authority that signed the server's certificate")
    programs: str = Field(default="", description="folder of the client programs; empty: the search path")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if not (self.local or self.certificate):
            raise RuleBroken(message("a server elsewhere needs certificate: without it anybody could answer"))
        return self

    @property
    def local(self) -> bool:
        """Return whether nothing leaves the machine on the way to the server."""
        return not self.server or self.server.startswith("/") or is_loopback(self.server)

    def program(self, name: str) -> str:
        """Return the path of a client program."""
        return f"{self.programs.rstrip('/')}/{name}" if self.programs else name
