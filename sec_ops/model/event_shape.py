"""Shapes of events, `rules/shapes/<id>.yml`: how events of one origin are known, and what they call things."""

from typing import Annotated, Literal

from pydantic import Field

from sec_ops.model.sigma_pipeline import ConditionValue, TestedField
from sec_ops.model.values import Identifier, NonEmpty, Text, Value

__all__ = ["EventShape", "EventTime"]

Names = tuple[NonEmpty, ...]


class EventTime(Value):
    """Where an event's time stands, in order of preference, and how it may be written."""

    fields: Names = Field(min_length=1)
    formats: tuple[NonEmpty, ...] = Field(
        default=("iso",), description="iso, epoch, epoch_ms, epoch_us or strptime forms, tried one after the other"
    )


class EventShape(Value):
    """One way in which events call their fields."""

    id: Identifier
    title: Text
    recognise: Annotated[tuple[Names, ...], Field(min_length=1)] = Field(
        description="sets of names an event has, all of one set; dots go inside"
    )
    priority: int = Field(default=50, ge=0, le=100, description="lower is asked earlier")
    flatten: Literal["dotted", "evtx"] = Field(
        default="dotted", description="what nested maps become: dotted names, or the names of EventData as they are"
    )
    time: EventTime
    host: Names = Field(description="names of the machine, the first that has a value")
    user: Names
    address: Names
    products: dict[NonEmpty, dict[TestedField, ConditionValue]] = Field(
        default_factory=dict, description="what tells events of a product, for rules that name nothing but the product"
    )
    references: tuple[str, ...] = Field(default=(), description="where the shape is defined")
