"""The rulebook of an audit: checks, probes and catalogue, all sound and approved, or nothing is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sec_ops.compliance.catalogue import Catalogue, build_catalogue
from sec_ops.compliance.collector import needed_probes
from sec_ops.content.kinds import CHECKS, CLAUSES, HIGH_RISK, OPERATIONAL, PROBES
from sec_ops.content.library import Library
from sec_ops.content.lint import lint
from sec_ops.model.catalogue import HighRiskSituation
from sec_ops.model.check import Check, Probe
from sec_ops.model.content import Layer, Loaded
from sec_ops.model.errors import ContentInvalid
from sec_ops.model.operational import OperationalRule
from sec_ops.model.protocols import ApprovalCheck

__all__ = ["Rulebook", "load_rulebook"]

_KINDS = (CHECKS, PROBES, CLAUSES, HIGH_RISK, OPERATIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What an audit judges by. `shared` are the probes that several checks read; `digest` covers all of it."""

    checks: Mapping[str, Loaded[Check]]
    shared: Mapping[str, Probe]
    catalogue: Catalogue
    high_risk: Mapping[str, HighRiskSituation]
    disabled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Checks that the site has switched off, with the parts they would decide."""
    operational: Mapping[str, Loaded[OperationalRule]] = field(default_factory=dict)
    digest: str

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Return every probe that the enabled checks need, in the collector's order."""
        return needed_probes((loaded.value for loaded in self.checks.values()), self.shared)


def load_rulebook(library: Library, approval: ApprovalCheck) -> Rulebook:
    """Return the rulebook of a library.

    Raises ContentInvalid with all faults of all its files, and NotApproved when a site's probe may not run.
    """
    from sec_ops.compliance.lint import SOUNDNESS

    if faults := lint(library, SOUNDNESS, *_KINDS):
        raise ContentInvalid(faults)
    library.require_approval(approval, CHECKS, PROBES)
    probes = library.objects(PROBES)
    return Rulebook(
        checks={name: _whole(each, probes) for name, each in library.objects(CHECKS).items() if each.value.enabled},
        shared={name: loaded.value for name, loaded in probes.items()},
        catalogue=build_catalogue(library.objects(CLAUSES).values()),
        disabled=_disabled(library.objects(CHECKS)) | _disabled(library.objects(OPERATIONAL)),
        operational={name: each for name, each in library.objects(OPERATIONAL).items() if each.value.enabled},
        high_risk={name: loaded.value for name, loaded in library.objects(HIGH_RISK).items()},
        digest=library.digest(*_KINDS),
    )


def _disabled(rules: Mapping[str, Loaded[Check]] | Mapping[str, Loaded[OperationalRule]]) -> dict[str, tuple[str, ...]]:
    return {name: loaded.value.decides for name, loaded in rules.items() if not loaded.value.enabled}


def _whole(check: Loaded[Check], probes: Mapping[str, Loaded[Probe]]) -> Loaded[Check]:
    """Return a check with the origin of what a site changed of it, be it only a probe that it shares with others."""
    own = (probes[each].origin for each in check.value.probe if isinstance(each, str))
    changed = next((origin for origin in own if origin.layer is Layer.SITE), None)
    if changed is None or check.origin.layer is Layer.SITE:
        return check
    return Loaded(check.value, replace(changed, patched=check.origin))
