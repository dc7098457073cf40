"""Proving checks on real hosts: break a setting as root, collect and judge, mend it, collect and judge again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from ruamel.yaml import YAML

from sec_ops.compliance.collector import collector_script, needed_probes
from sec_ops.compliance.frames import read_pack
from sec_ops.compliance.judge import Judgement, judge
from sec_ops.compliance.parsers import parse_fact
from sec_ops.compliance.platform import OS_RELEASE, platform_of
from sec_ops.content.kinds import CHECKS, PROBES
from sec_ops.content.library import Library
from sec_ops.model.check import Probe
from sec_ops.model.fact import FactPack, Provenance
from sec_ops.model.messages import Message
from sec_ops.model.values import Text, Value
from sec_ops.model.verdict import Verdict
from tests.integration.ssh_controller import Controller
from tests.testbed.errors import TestbedError
from tests.testbed.host import Host

__all__ = ["PROOFS", "Outcome", "Proof", "Prover", "proof_of", "prove_all", "why"]

PROOFS = Path(__file__).parent / "proofs"
_NONCE = "proof"
_COLLECTED_AT = "2026-01-01T00:00:00Z"


class Proof(Value):
    """How a check is proved; `break` and `mend` are run by `sh -e` as root on a clean host, one after the other."""

    check: str
    break_: str = Field(alias="break")
    mend: str
    expect_broken: Verdict
    expect_mended: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the check said of the broken and of the mended host; `fault` when it did not come to that."""

    broken: Judgement | None = None
    mended: Judgement | None = None
    fault: str = ""


def proof_of(path: Path) -> Proof:
    """Read a proof. Raises pydantic's ValidationError when it isn't one."""
    return Proof.model_validate(YAML(typ="safe").load(path))


class Prover:
    """Runs proofs on hosts of one bed, through the real SSH door."""

    def __init__(self, controller: Controller) -> None:
        library = Library.open(None)
        self._controller = controller
        self._checks = {name: loaded.value for name, loaded in library.objects(CHECKS).items()}
        self._shared = {name: loaded.value for name, loaded in library.objects(PROBES).items()}

    def prove(self, proof: Proof, host: Host) -> Outcome:
        """Return what came of a proof on a clean host."""
        broken = None
        try:
            host.run(["sh", "-ec", proof.break_])
            broken = self.judged(proof.check, host)
            host.run(["sh", "-ec", proof.mend])
            return Outcome(broken=broken, mended=self.judged(proof.check, host))
        except (TestbedError, LookupError, AssertionError) as error:
            return Outcome(broken=broken, fault=f"{type(error).__name__}: {error}")

    def judged(self, name: str, host: Host) -> Judgement:
        """Collect what one check needs from a host, and judge it."""
        return self.judge_all([name], host)[name]

    def judge_all(self, names: Iterable[str], host: Host) -> dict[str, Judgement]:
        """Collect what these checks need from a host in one visit, and judge them. Raises KeyError for an unknown."""
        checks = [self._checks[name] for name in names]
        probes = {probe.id: probe for probe in needed_probes(checks, self._shared)}
        pack = self._collect(probes, host)
        facts = {name: parse_fact(fact, probes[name]) for name, fact in pack.facts.items()}
        platform = platform_of(pack.facts.get(OS_RELEASE))
        return {check.id: judge(check, facts, platform, {}) for check in checks}

    def _collect(self, probes: Mapping[str, Probe], host: Host) -> FactPack:
        script = collector_script(probes.values(), nonce=_NONCE)
        reply = self._controller.one(self._controller.target(host), script)
        assert reply.error is None, reply.error
        read = read_pack(
            reply.output,
            probes,
            host=host.name,
            collected_at=_COLLECTED_AT,
            provenance=Provenance.COLLECTED,
            nonce=_NONCE,
        )
        assert read.pack.complete, [str(fault) for fault in read.faults]
        return read.pack


def prove_all(
    proofs: Iterable[Path], prover: Prover, hosts: Sequence[Host], clean: Callable[[], None]
) -> dict[Path, Outcome]:
    """Run proofs on as many hosts at a time; `clean` resets them between two rounds."""
    outcomes: dict[Path, Outcome] = {}
    with ThreadPoolExecutor(len(hosts)) as pool:
        for batch in _batches(sorted(proofs), len(hosts)):
            clean()
            done = pool.map(lambda path, host: prover.prove(proof_of(path), host), batch, hosts)
            outcomes.update(zip(batch, done, strict=False))
    return outcomes


def why(judgement: Judgement) -> str:
    """Return the reason and what was observed, for an assertion's message."""
    reason: Message | Text = judgement.reason
    said = reason.en if isinstance(reason, Text) else str(reason)
    return f"{judgement.verdict.value}: {said}; observed {judgement.observed or judgement.observed_fault or '-'}"


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))
