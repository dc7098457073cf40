"""Fields of events as content: `rules/fields/*.yml`, the part of ECS that the parsers fill, and what they add."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from sec_ops.model.values import Text, Value

__all__ = ["FieldName", "LogField"]

FieldName = Annotated[str, StringConstraints(pattern=r"^@?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=200)]


class LogField(Value):
    """One field: its dotted name, how its values are kept and compared, and what it holds."""

    id: FieldName
    type: Literal["keyword", "text", "long", "double", "boolean", "ip", "date"] = "keyword"
    title: Text
