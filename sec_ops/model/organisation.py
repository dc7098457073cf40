"""The organisation tree 市–县区–学校, key systems 关键系统 and their hosts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sec_ops.model.clause import RequirementSet
from sec_ops.model.grading import parse_grading
from sec_ops.model.log_source import LogSource
from sec_ops.model.messages import message
from sec_ops.model.people import Day
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Text, Value

__all__ = [
    "AssessedObject",
    "DataKind",
    "Host",
    "KeySystem",
    "NotApplicable",
    "ObjectKind",
    "Privilege",
    "Unit",
    "UnitKind",
]


class UnitKind(StrEnum):
    """Kinds of units; each stands below the one before."""

    CITY = "city"  # 市教育局
    DISTRICT = "district"  # 县区教育局
    SCHOOL = "school"  # 学校


class Unit(Value):
    """A unit 单位 of the organisation tree; only the root has no parent."""

    id: Identifier
    name: Text
    kind: UnitKind
    parent: Identifier | None = None
    contact: Identifier | None = Field(default=None, description="person id of the contact")
    address: str = ""


class ObjectKind(StrEnum):
    """Kinds of assessed objects 测评对象."""

    WHOLE_NETWORK = "whole_network"
    NETWORK_DEVICE = "network_device"
    SECURITY_DEVICE = "security_device"
    SERVER = "server"
    STORAGE = "storage"
    TERMINAL = "terminal"
    DATABASE = "database"
    MIDDLEWARE = "middleware"
    APPLICATION = "application"
    SYSTEM_SOFTWARE = "system_software"
    BUSINESS_DATA = "business_data"
    DATA_RESOURCE = "data_resource"
    CRYPTO_PRODUCT = "crypto_product"
    CLOUD_PLATFORM = "cloud_platform"
    MOBILE_TERMINAL = "mobile_terminal"
    SENSING_NODE = "sensing_node"
    ICS_DEVICE = "ics_device"
    MACHINE_ROOM = "machine_room"
    MANAGEMENT_DOCUMENT = "management_document"
    PERSONNEL = "personnel"


class DataKind(StrEnum):
    """Kinds of data a system holds."""

    MINORS_PERSONAL = "minors_personal"  # 未成年人个人信息
    STUDENT_PERSONAL = "student_personal"  # 学生个人信息
    STAFF_PERSONAL = "staff_personal"  # 教职工个人信息
    CREDENTIALS = "credentials"  # 鉴别信息
    EXAMINATION = "examination"  # 考试数据
    FINANCIAL = "financial"  # 财务与消费数据
    HEALTH = "health"  # 健康信息
    PUBLIC_WEB = "public_web"  # 公开信息
    LOGS = "logs"  # 日志


def _grading(text: str) -> str:
    return str(parse_grading(text))


class AssessedObject(Value):
    """An object of a system that is no host of the inventory: a switch, a database, a machine room."""

    id: Identifier
    kind: ObjectKind
    name: Text
    hosts: tuple[NonEmpty, ...] = Field(default=(), description="hosts or groups it runs on, such as a database's")


class NotApplicable(Value):
    """A clause that does not apply 不适用, with the reason that has to be recorded, who said so and when."""

    clause: NonEmpty
    reason: Text
    by: Identifier
    on: Day


class KeySystem(Value):
    """A key system 关键系统: its filing 备案, its leader 责任领导 and operator 运维负责人, what it needs."""

    id: Identifier
    name: Text
    unit: Identifier
    grading: Annotated[str, AfterValidator(_grading)] = Field(description="such as S3A3G3")
    record_number: str = Field(default="", description="number of the filing; empty while it is not filed")
    leader: Identifier = Field(description="responsible leader, a person id")
    operator: Identifier = Field(description="operator, a person id")
    data_kinds: tuple[DataKind, ...] = ()
    rto_seconds: int = Field(ge=0, description="target: seconds until service is back")
    rpo_seconds: int = Field(ge=0, description="target: seconds of data that may be lost")
    depends_on: tuple[Identifier, ...] = ()
    hosts: tuple[NonEmpty, ...] = Field(default=(), description="hosts or groups of the Ansible inventory")
    objects: tuple[AssessedObject, ...] = ()
    requirement_sets: tuple[RequirementSet, ...] = Field(default=(), description="extensions that apply beside general")
    not_applicable: tuple[NotApplicable, ...] = ()
    log_sources: tuple[LogSource, ...] = Field(default=(), description="which logs have to arrive, and how")
    description: Text | None = None

    @model_validator(mode="after")
    def _distinct_ids(self) -> Self:
        ids = [each.id for each in self.objects]
        if len(set(ids)) < len(ids):
            raise RuleBroken(message("two objects of the system have one id"))
        sources = [each.id for each in self.log_sources]
        if len(set(sources)) < len(sources):
            raise RuleBroken(message("two log sources of the system have one id"))
        return self

    @property
    def level(self) -> int:
        """Return the graded-protection level 等级."""
        return parse_grading(self.grading).level


Privilege = Literal["user", "root", "streamed", "pinned"]
"""How facts are read: as the login user, as root itself, by sudo with the script streamed, or by a pinned collector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupAccount:
    """The account of a host that its data is read with, where it is not the one that audits it."""

    user: str
    key_file: str = ""
    privilege: Privilege = "user"
    sudo_password: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host of the Ansible inventory as this tool needs it; passwords are references, never values.

    `jump` names the hosts on the way to it, the nearest to the controller first.
    """

    name: str
    address: str
    port: int = 22
    user: str = ""
    key_file: str = ""
    key_passphrase: Mapping[str, str] | None = None
    privilege: Privilege = "user"
    password: Mapping[str, str] | None = None
    sudo_password: Mapping[str, str] | None = None
    unit: str = ""
    jump: tuple[str, ...] = ()
    backup: BackupAccount | None = None
    groups: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
