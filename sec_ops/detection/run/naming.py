"""What events call a field that a rule names, worked out once for each rule and shape."""

from collections.abc import Mapping, Sequence

from sec_ops.detection.mapping.mapped import CannotFire, event_fields, variants
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["Naming"]


class Naming:
    """Names of fields by rule and shape: what grouping, correlations and explanations ask for.

    A correlation's own fields have no log source to be mapped by: they are asked of the rules it looks at.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._shapes = {shape.id: shape for shape in shapes}
        self._known: dict[tuple[str, str], dict[str, Sequence[str]]] = {}

    def __call__(self, rule: Rule | Correlation, shape: str, field: str) -> Sequence[str]:
        """Return the names that a field may have in events of the shape, the preferred one first; itself if unknown."""
        if isinstance(rule, Correlation) or shape not in self._shapes:
            return (field,)
        key = (rule.header.id, shape)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = dict(_names(rule, self._shapes[shape]))
        if field not in known:
            known[field] = event_fields(rule, self._shapes[shape], field) or (field,)
        return known[field]


def _names(rule: Rule, shape: Shape) -> Mapping[str, Sequence[str]]:
    found = variants(rule, shape)
    names: dict[str, dict[str, None]] = {}
    for variant in () if isinstance(found, CannotFire) else found:
        for field, several in variant.names.items():
            names.setdefault(field, {}).update(dict.fromkeys(several))
    return {field: tuple(several) for field, several in names.items()}
