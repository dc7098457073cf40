"""Kinds of content: what they are called, where they lie, what they look like. A new kind is one entry here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from sec_ops.model.values import Value

if TYPE_CHECKING:
    from sec_ops.model.backup_plan import BackupPlan, Place, Repository
    from sec_ops.model.catalogue import HighRiskSituation, Reference
    from sec_ops.model.check import Check, Probe
    from sec_ops.model.clause import Clause
    from sec_ops.model.detection_placeholder import Placeholder
    from sec_ops.model.drill_scenario import Recovery, Scenario
    from sec_ops.model.event_shape import EventShape
    from sec_ops.model.log_field import LogField
    from sec_ops.model.log_parser import LogParser
    from sec_ops.model.operational import OperationalRule
    from sec_ops.model.organisation import KeySystem, Unit
    from sec_ops.model.people import Person
    from sec_ops.model.recovery_level import DeclaredElement, Edition
    from sec_ops.model.rule_change import RuleChange
    from sec_ops.model.sigma_pipeline import SigmaPipeline
    from sec_ops.model.suppression import Suppression

__all__ = [
    "CHECKS",
    "CLAUSES",
    "DRILLS",
    "FIELDS",
    "HIGH_RISK",
    "KINDS",
    "LEVELS",
    "OPERATIONAL",
    "PARSERS",
    "PEOPLE",
    "PIPELINES",
    "PLACEHOLDERS",
    "PLACES",
    "PLANS",
    "PROBES",
    "READINESS",
    "RECOVERIES",
    "REFERENCES",
    "REPOSITORIES",
    "RULE_CHANGES",
    "SHAPES",
    "SUPPRESSIONS",
    "SYSTEMS",
    "UNITS",
    "Kind",
]

T = TypeVar("T", bound=Value)


def _never(_value: Any) -> bool:  # noqa: ANN401 - any kind's value
    return False


def _always(_value: Any) -> bool:  # noqa: ANN401 - any kind's value
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """A kind of content object.

    `folder` and `files` (glob patterns below it) say where. The name of the file, or of the folder it lies in, is the
    object's id (`named_by`); when `items` is set, a file holds several objects in the list under that key, and its
    other keys describe the file as a whole.
    `described_by` names its model with its module: a model takes time to make, so it is made when it is wanted.
    What `executes` needs approval when a site brings it. What ships as an `example` never mixes with a site's own.
    """

    name: str
    described_by: str
    folder: str
    files: tuple[str, ...]
    items: str = ""
    id_in_file: bool = True
    named_by: Literal["file", "folder"] = "file"
    executes: Callable[[T], bool] = _never
    example: bool = False

    def name_of(self, relative: str) -> str:
        """Return the id of the object in a file, by its path below the layer's root."""
        path = PurePosixPath(relative)
        return path.stem if self.named_by == "file" else path.parent.name

    @property
    def model(self) -> type[T]:
        """Return the model of its objects."""
        module, _, name = self.described_by.rpartition(".")
        return cast("type[T]", getattr(import_module(module), name))

    @property
    def patchable(self) -> bool:
        """Return whether a site may patch objects of this kind instead of replacing them."""
        return bool({"parameters", "severity", "enabled"} & set(self.model.model_fields))


CHECKS: "Kind[Check]" = Kind(
    name="checks",
    described_by="sec_ops.model.check.Check",
    folder="rules/graded_protection/checks",
    files=("*/*.yml",),
    executes=lambda check: any(not isinstance(probe, str) for probe in check.probe),
)
PROBES: "Kind[Probe]" = Kind(
    name="probes",
    described_by="sec_ops.model.check.Probe",
    folder="rules/graded_protection/probes",
    files=("*/*.yml",),
    executes=_always,
)
CLAUSES: "Kind[Clause]" = Kind(
    name="clauses",
    described_by="sec_ops.model.clause.Clause",
    folder="rules/graded_protection/catalog",
    files=("general_l*.yml", "extensions*.yml"),
    items="items",
)
HIGH_RISK: "Kind[HighRiskSituation]" = Kind(
    name="high_risk",
    described_by="sec_ops.model.catalogue.HighRiskSituation",
    folder="rules/graded_protection/catalog",
    files=("high_risk*.yml",),
    items="items",
)
REFERENCES: "Kind[Reference]" = Kind(
    name="references",
    described_by="sec_ops.model.catalogue.Reference",
    folder="rules/graded_protection/catalog",
    files=("documents.yml", "grading.yml", "scoring.yml"),
    id_in_file=False,
)

OPERATIONAL: "Kind[OperationalRule]" = Kind(
    name="operational",
    described_by="sec_ops.model.operational.OperationalRule",
    folder="rules/graded_protection/operational",
    files=("*.yml",),
)

PARSERS: "Kind[LogParser]" = Kind(
    name="parsers",
    described_by="sec_ops.model.log_parser.LogParser",
    folder="rules/parsers",
    files=("*/parser.yml",),
    named_by="folder",
)
FIELDS: "Kind[LogField]" = Kind(
    name="fields",
    described_by="sec_ops.model.log_field.LogField",
    folder="rules/fields",
    files=("*.yml",),
    items="fields",
)

SHAPES: "Kind[EventShape]" = Kind(
    name="shapes", described_by="sec_ops.model.event_shape.EventShape", folder="rules/shapes", files=("*.yml",)
)
PIPELINES: "Kind[SigmaPipeline]" = Kind(
    name="pipelines",
    described_by="sec_ops.model.sigma_pipeline.SigmaPipeline",
    folder="rules/pipelines",
    files=("*/*.yml",),
    id_in_file=False,
)
PLACEHOLDERS: "Kind[Placeholder]" = Kind(
    name="placeholders",
    described_by="sec_ops.model.detection_placeholder.Placeholder",
    folder="rules/detection",
    files=("placeholders.yml",),
    items="placeholders",
)
RULE_CHANGES: "Kind[RuleChange]" = Kind(
    name="rule_changes",
    described_by="sec_ops.model.rule_change.RuleChange",
    folder="rules/detection",
    files=("changes.yml",),
    items="rules",
    example=True,
)
SUPPRESSIONS: "Kind[Suppression]" = Kind(
    name="suppressions",
    described_by="sec_ops.model.suppression.Suppression",
    folder="rules/detection/suppressions",
    files=("*.yml",),
    executes=_always,
)

UNITS: "Kind[Unit]" = Kind(
    name="units",
    described_by="sec_ops.model.organisation.Unit",
    folder="inventory",
    files=("sites/*.yml",),
    items="units",
    example=True,
)
SYSTEMS: "Kind[KeySystem]" = Kind(
    name="systems",
    described_by="sec_ops.model.organisation.KeySystem",
    folder="inventory",
    files=("systems/*.yml",),
    example=True,
)
PEOPLE: "Kind[Person]" = Kind(
    name="people",
    described_by="sec_ops.model.people.Person",
    folder="inventory",
    files=("people.yml",),
    items="people",
    example=True,
)

PLACES: "Kind[Place]" = Kind(
    name="places",
    described_by="sec_ops.model.backup_plan.Place",
    folder="backup",
    files=("places.yml",),
    items="places",
    example=True,
)
REPOSITORIES: "Kind[Repository]" = Kind(
    name="repositories",
    described_by="sec_ops.model.backup_plan.Repository",
    folder="backup/repositories",
    files=("*.yml",),
    executes=lambda repository: repository.executes,
    example=True,
)
PLANS: "Kind[BackupPlan]" = Kind(
    name="plans",
    described_by="sec_ops.model.backup_plan.BackupPlan",
    folder="backup/plans",
    files=("*.yml",),
    executes=lambda plan: plan.executes,
    example=True,
)
RECOVERIES: "Kind[Recovery]" = Kind(
    name="recoveries",
    described_by="sec_ops.model.drill_scenario.Recovery",
    folder="backup/recoveries",
    files=("*.yml",),
    executes=lambda recovery: recovery.executes,
    example=True,
)
DRILLS: "Kind[Scenario]" = Kind(
    name="drills",
    described_by="sec_ops.model.drill_scenario.Scenario",
    folder="backup/drills",
    files=("*.yml",),
    example=True,
)
LEVELS: "Kind[Edition]" = Kind(
    name="levels", described_by="sec_ops.model.recovery_level.Edition", folder="backup/levels", files=("*.yml",)
)
READINESS: "Kind[DeclaredElement]" = Kind(
    name="readiness",
    described_by="sec_ops.model.recovery_level.DeclaredElement",
    folder="backup",
    files=("readiness.yml",),
    items="elements",
    example=True,
)

_ALL: tuple[Kind[Any], ...] = (
    CHECKS,
    PROBES,
    CLAUSES,
    HIGH_RISK,
    REFERENCES,
    OPERATIONAL,
    PARSERS,
    FIELDS,
    SHAPES,
    PIPELINES,
    PLACEHOLDERS,
    RULE_CHANGES,
    SUPPRESSIONS,
    UNITS,
    SYSTEMS,
    PEOPLE,
    PLACES,
    REPOSITORIES,
    PLANS,
    RECOVERIES,
    DRILLS,
    LEVELS,
    READINESS,
)
KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in _ALL}
