"""Judging a host: all checks over its facts, each distinct answer once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sec_ops.compliance.collector import collector_digest, collector_script
from sec_ops.compliance.judge import Judgement, judge, probe_ids
from sec_ops.compliance.memo import Memo
from sec_ops.compliance.parsers import ParsedFact, parse_fact
from sec_ops.compliance.platform import OS_RELEASE, Platform, platform_of
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.model.audit import FactReference
from sec_ops.model.check import Check, Probe
from sec_ops.model.fact import Fact, FactPack, FactState, Provenance
from sec_ops.model.messages import message
from sec_ops.model.text import printable
from sec_ops.model.verdict import Verdict

__all__ = ["REMEMBERED", "TRUSTED", "HostJudge", "JudgedHost"]

TRUSTED: Final = frozenset({Provenance.COLLECTED})
"""Provenances whose facts pass without a person's confirmation."""

REMEMBERED: Final = 100_000
"""Judgements kept; other memos are smaller."""

_PARSED: Final = 2_000
_EXCERPTS: Final = 20_000
_EXCERPT_LINES: Final = 12
_EXCERPT_LENGTH: Final = 800
_PASSING: Final = frozenset({Verdict.COMPLIANT, Verdict.NOT_APPLICABLE})

FactKey = tuple[str, FactState, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedHost:
    """What all checks say of one host, and where their facts are; the facts themselves are gone.

    `same_collector`: the facts were read by the very probes the references name.
    """

    platform: Platform
    judgements: Mapping[str, Judgement]
    references: Mapping[str, FactReference]
    unread: tuple[str, ...]
    same_collector: bool


class HostJudge:
    """Judges hosts one after another; facts and rules that were met before cost a look-up."""

    def __init__(
        self, rulebook: Rulebook, *, trusted: frozenset[Provenance] = TRUSTED, remembered: int = REMEMBERED
    ) -> None:
        self._checks = rulebook.checks
        self._probes = {probe.id: probe for probe in rulebook.probes}
        self._collector = collector_digest(collector_script(self._probes.values()))
        self._trusted = trusted
        self._probe_ids = {name: probe_ids(loaded.value) for name, loaded in rulebook.checks.items()}
        bounds = (min(remembered, bound) for bound in (REMEMBERED, _PARSED, _EXCERPTS))
        judgements, parsed, excerpts = bounds
        self._judgements: Memo[tuple[str, Platform, tuple[FactKey, ...]], Judgement] = Memo(judgements)
        self._parsed: Memo[FactKey, ParsedFact] = Memo(parsed)
        self._excerpts: Memo[str, str] = Memo(excerpts)

    def judge(self, pack: FactPack, blob: str) -> JudgedHost:
        """Return the judgements of `pack`; `blob` is the SHA-256 of its bytes in the evidence store."""
        platform = platform_of(pack.facts.get(OS_RELEASE))
        keys = {name: (name, fact.state, fact.sha256) for name, fact in pack.facts.items()}
        judgements = {
            name: self._judged(name, loaded.value, pack, platform, keys) for name, loaded in self._checks.items()
        }
        return JudgedHost(
            platform=platform,
            judgements=judgements,
            references={name: self._reference(fact, pack, blob) for name, fact in pack.facts.items()},
            same_collector=pack.collector_sha256 == self._collector,
            unread=tuple(sorted(name for name, fact in pack.facts.items() if not fact.answered)),
        )

    def _judged(
        self, name: str, check: Check, pack: FactPack, platform: Platform, keys: Mapping[str, FactKey]
    ) -> Judgement:
        needed = self._probe_ids[name]
        key = (name, platform, tuple([keys[probe] for probe in needed if probe in keys]))
        judgement = self._judgements.get(key, lambda: judge(check, self._facts(needed, pack, keys), platform, {}))
        if judgement.verdict in _PASSING and pack.provenance not in self._trusted:
            return replace(judgement, verdict=Verdict.MANUAL, reason=_UNCONFIRMED)
        return judgement

    def _facts(self, names: Sequence[str], pack: FactPack, keys: Mapping[str, FactKey]) -> dict[str, ParsedFact]:
        probes = self._probes
        return {
            name: self._parsed.get(keys[name], lambda name=name: parse_fact(pack.facts[name], probes[name]))  # type: ignore[misc]
            for name in names
            if name in pack.facts and name in probes
        }

    def _reference(self, fact: Fact, pack: FactPack, blob: str) -> FactReference:
        probe: Probe | None = self._probes.get(fact.id)
        return FactReference.model_construct(
            _FIELDS,
            blob=blob,
            fact=fact.id,
            command=probe.run if probe else "",
            state=fact.state.value,
            sha256=fact.sha256,
            collected_at=pack.collected_at,
            excerpt=self._excerpts.get(fact.sha256, lambda: _excerpt(fact.text)),
        )


_FIELDS = set(FactReference.model_fields)
_UNCONFIRMED: Final = message("the facts were reported by the unit itself; a person must confirm them")


def _excerpt(text: str) -> str:
    lines = text[: 4 * _EXCERPT_LENGTH].split("\n")
    shown = printable("\n".join(lines[:_EXCERPT_LINES]))
    cut = len(lines) > _EXCERPT_LINES or len(shown) > _EXCERPT_LENGTH
    return shown[:_EXCERPT_LENGTH] + "…" if cut else shown
