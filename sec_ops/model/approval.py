"""Approvals 审批: a person's word for exactly these bytes, given by someone other than who asked."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sec_ops.model.canonical import canonical_json
from sec_ops.model.messages import message
from sec_ops.model.people import Assurance
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value

__all__ = ["Approval", "grant_statement"]


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() != timedelta(0):
        raise RuleBroken(message("not a time in UTC such as 2026-11-23T08:00:00Z"))
    return text


class Approval(Value):
    """What was approved, by digest; who asked, who approved, when, and how strongly that is known."""

    version: Literal[1] = 1
    purpose: Literal["content"]
    subjects: Mapping[str, str] = Field(description="what is approved, such as a path, to its SHA-256", min_length=1)
    requester: Identifier = Field(description="who asked; for content its author")
    approver: Identifier
    at: Annotated[str, AfterValidator(_moment)] = Field(description="RFC 3339, UTC")
    assurance: Assurance
    document: NonEmpty | None = Field(default=None, description="number of the paper")
    signature: NonEmpty | None = Field(default=None, description="armored SSH signature over the statement")

    @model_validator(mode="after")
    def _two_persons(self) -> Self:
        if self.requester == self.approver:
            raise RuleBroken(message("nobody approves their own request"))
        if (self.assurance is Assurance.SIGNED) != (self.signature is not None):
            raise RuleBroken(message("assurance signed needs a signature, and a signature is signed"))
        if self.assurance is Assurance.PAPER and self.document is None:
            raise RuleBroken(message("assurance paper needs the number of the document"))
        return self

    def statement(self) -> bytes:
        """Return the bytes that are signed: everything but the signature, in canonical JSON."""
        return canonical_json(self.model_dump(mode="json", exclude={"signature"}))


def grant_statement(person: str, role: str, by: str, on: str, document: str | None) -> bytes:
    """Return the bytes a second person signs to grant a role."""
    fields = {
        "purpose": "grant",
        "person": person,
        "role": role,
        "by": by,
        "on": on,
        "document": document,
        "version": 1,
    }
    return canonical_json(fields)
