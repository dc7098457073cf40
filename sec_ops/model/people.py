"""People 人员, their roles and keys. The role table and its separation rules are pure and tested exhaustively."""

import base64
import hashlib
import re
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value

__all__ = ["ADMINISTRATORS", "GRANTING", "Assurance", "Day", "Grant", "Person", "PublicKey", "Role", "conflicting"]


class Role(StrEnum):
    """Roles of the organisation. The first three are the separated administrators 三员."""

    SYSTEM_ADMINISTRATOR = "system_administrator"  # 系统管理员
    SECURITY_ADMINISTRATOR = "security_administrator"  # 安全管理员
    AUDIT_ADMINISTRATOR = "audit_administrator"  # 审计管理员
    RESPONDER = "responder"  # 处置员
    COMMANDER = "commander"  # 指挥 (领导小组)
    SCHOOL_CONTACT = "school_contact"  # 学校联络员
    EXTERNAL_ASSESSOR = "external_assessor"  # 外部测评师


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR})
GRANTING = frozenset({Role.SECURITY_ADMINISTRATOR, Role.COMMANDER})
"""Who may grant a role by their own signature; others only enter appointment documents."""


class Assurance(StrEnum):
    """How strongly a person's will is known."""

    SIGNED = "signed"  # by the person's own key
    PAPER = "paper"  # 纸质: a document with number and date, entered by somebody else
    ORAL = "oral"  # 口头: in an emergency, to be ratified
    OS_USER = "os_user"  # only the operating system's user is known


def conflicting(roles: Collection[Role]) -> frozenset[Role]:
    """Return the administrator roles among `roles` when they are two or more: nobody may hold them together."""
    held = ADMINISTRATORS & set(roles)
    return held if len(held) > 1 else frozenset()


_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com"
    r"|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{20,}={0,2}( [^\r\n]*)?"
)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise RuleBroken(message("not an SSH public key (type, base64, comment on one line)"))
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise RuleBroken(message("not a date such as 2027-08-31")) from None


Day = Annotated[str, AfterValidator(_day)]
"""A date as `2027-08-31`; a validity ends with that day in UTC."""


class PublicKey(Value):
    """An SSH public key and the days it is valid; without days, as long as the account."""

    key: Annotated[str, AfterValidator(_key)]
    valid_from: Day | None = None
    valid_until: Day | None = None

    def valid(self, day: date) -> bool:
        """Return whether the key is valid on that day (UTC)."""
        return (self.valid_from or "") <= day.isoformat() <= (self.valid_until or "9999-12-31")

    @property
    def fingerprint(self) -> str:
        """Return the key's fingerprint as OpenSSH shows it: `SHA256:` and base64 of the digest."""
        digest = hashlib.sha256(base64.b64decode(self.key.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


class Grant(Value):
    """A role and who gave it: a second person with a signature, or one who entered an appointment document 任命文件."""

    role: Role
    by: Identifier = Field(description="the person who grants and signs, or who entered the appointment document")
    on: Day
    document: NonEmpty | None = Field(default=None, description="number of the appointment document")
    signature: NonEmpty | None = Field(default=None, description="armored SSH signature of `by` over this grant")
    revoked_on: Day | None = Field(default=None, description="the role is no longer held; the grant stays on record")

    @model_validator(mode="after")
    def _backed(self) -> Self:
        if self.signature is None and self.document is None:
            raise RuleBroken(message("a grant needs a second person's signature or the number of a document"))
        return self

    @property
    def assurance(self) -> Assurance:
        """Return how strongly the grant is known: signed, or on paper."""
        return Assurance.SIGNED if self.signature is not None else Assurance.PAPER


class Person(Value):
    """A person 人员, as `people.yml` keeps them."""

    id: Identifier
    name: NonEmpty
    unit: Identifier
    title: str = Field(default="", description="post")
    phone: str = ""
    email: str = ""
    roles: tuple[Grant, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    expires: Day | None = Field(default=None, description="last day of the account, UTC")

    @model_validator(mode="after")
    def _separated(self) -> Self:
        if conflict := conflicting(self.held):
            roles = ", ".join(sorted(conflict))
            raise RuleBroken(message("nobody may hold two administrator roles at once: {roles}", roles=roles))
        if any(grant.by == self.id for grant in self.roles):
            raise RuleBroken(message("nobody grants a role to themselves"))
        if len(set(self.held)) < len(self.held):
            raise RuleBroken(message("a role is granted twice"))
        return self

    @property
    def held(self) -> tuple[Role, ...]:
        """Return the roles of this person, without revoked ones."""
        return tuple(grant.role for grant in self.roles if grant.revoked_on is None)

    def might_grant(self, day: str) -> bool:
        """Return whether this person held a role on that day by which roles are granted."""
        return any(grant.role in GRANTING and grant.on <= day <= (grant.revoked_on or day) for grant in self.roles)

    def keys_on(self, day: date) -> tuple[PublicKey, ...]:
        """Return the keys that are valid on that day (UTC); none when the account has expired."""
        return tuple(key for key in self.keys if key.valid(day)) if self.active(day) else ()

    def active(self, day: date) -> bool:
        """Return whether the account is valid on that day (UTC)."""
        return self.expires is None or day <= date.fromisoformat(self.expires)
