"""Shapes of events as the engine uses them: how one is known, what its fields are called, which pipelines serve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sec_ops.content.kinds import PIPELINES, SHAPES
from sec_ops.content.library import Library
from sec_ops.detection.mapping.conditions import conditions
from sec_ops.detection.rule import Expression
from sec_ops.model.event_shape import EventShape
from sec_ops.model.sigma_pipeline import SigmaPipeline

__all__ = ["STORED_SHAPE", "Pipeline", "Shape", "load_shapes"]

STORED_SHAPE: Final = "ecs"
"""The shape of the events that our parsers make and the stores keep."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pipeline:
    """A pipeline and what it is called."""

    id: str
    content: SigmaPipeline


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """One shape: what its content says, the pipelines that serve log sources, and those that only name fields.

    `products` tells events of a product, for rules that name no more of their log source.
    """

    id: str
    content: EventShape
    sources: tuple[Pipeline, ...]
    names: tuple[Pipeline, ...]
    products: Mapping[str, Expression]


def load_shapes(library: Library) -> tuple[Shape, ...]:
    """Return the shapes of a library, in the order in which events are asked; raises ContentInvalid."""
    found = library.objects(PIPELINES).items()
    pipelines = sorted((Pipeline(id=name, content=loaded.value) for name, loaded in found), key=_order)
    contents = [loaded.value for loaded in library.objects(SHAPES).values()]
    return tuple(_shape(content, pipelines) for content in sorted(contents, key=lambda each: (each.priority, each.id)))


def _order(pipeline: Pipeline) -> tuple[int, str]:
    return pipeline.content.priority, pipeline.id


def _shape(content: EventShape, pipelines: list[Pipeline]) -> Shape:
    its = [each for each in pipelines if content.id in each.content.allowed_backends]
    return Shape(
        id=content.id,
        content=content,
        sources=tuple(each for each in its if each.content.serves),
        names=tuple(each for each in its if not each.content.serves),
        products={name: conditions(tests) for name, tests in content.products.items()},
    )
