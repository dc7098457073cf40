"""Judging a fleet: CPU seconds and memory of 1,000 fact packs against all shipped checks, with and without the memo.

    python benchmarks/judge.py [--hosts 1000] [--facts 100]

The packs start as this machine's own facts, padded to 100 facts of about 80 KB. Each host differs in what differs
between hosts (its time and addresses); one in five has its own accounts and a setting of its own, as in a fleet that
was set up alike.
"""

import argparse
import multiprocessing
import resource
import subprocess
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from sec_ops.compliance.assess import assess
from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.frames import read_header, read_pack
from sec_ops.compliance.gather import HostRecord
from sec_ops.compliance.hosts import REMEMBERED
from sec_ops.compliance.rulebook import load_rulebook
from sec_ops.compliance.scope import AuditScope
from sec_ops.content.library import Library
from sec_ops.model.check import Probe
from sec_ops.model.fact import FactPack, Provenance

PACK_BYTES = 80_000


def main() -> None:
    """Print one line a variant; without the memo a tenth of the hosts will do."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--hosts", type=int, default=1000)
    arguments.add_argument("--facts", type=int, default=100)
    given = arguments.parse_args()
    print(f"{'judging':<14} {'hosts':>6} {'facts':>6} {'KB/host':>8} {'CPU s':>8} {'peak MB':>8} {'findings':>9}")
    remembering = in_own_process("with memo", given.hosts, given.facts) / given.hosts
    fewer = max(1, given.hosts // 10)
    forgetting = in_own_process("without memo", fewer, given.facts) / fewer
    ratio = forgetting / remembering
    print(f"a host: {remembering * 1000:.1f} ms with, {forgetting * 1000:.1f} ms without the memo ({ratio:.0f} x)")


def in_own_process(name: str, hosts: int, facts: int) -> float:
    """Measure one variant in a process of its own, so that its peak memory is its own."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=measure, args=(name, hosts, facts, sender))
    process.start()
    sender.close()
    cpu, peak, size, findings = receiver.recv()
    process.join()
    print(f"{name:<14} {hosts:>6} {facts:>6} {size / 1000:>8.1f} {cpu:>8.2f} {peak:>8.0f} {findings:>9}")
    return float(cpu)


def measure(name: str, hosts: int, facts: int, sender: Connection) -> None:
    """Judge the fleet and send CPU seconds, peak megabytes, bytes a pack and the number of findings."""
    rulebook = load_rulebook(Library.open(None), approved)
    probes = {probe.id: probe for probe in rulebook.probes} | padding(facts - len(rulebook.probes))
    template = collected(probes)
    scope = AuditScope.of_names("packs", (f"host-{number}" for number in range(hosts)), 3)
    began = time.process_time()
    remembered = 0 if name == "without memo" else REMEMBERED
    found = assess(rulebook, scope.systems, fleet(template, probes, hosts), remembered=remembered)
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sender.send((cpu, peak, len(template), len(found.findings)))


def approved(path: str, sha256: str) -> None:
    """Approve: shipped content needs no approval, and nothing else is loaded here."""


def padding(count: int) -> dict[str, Probe]:
    """Return probes nobody judges, so that a pack has as many facts as asked for."""
    names = [f"padding_{number}" for number in range(max(0, count))]
    return {name: Probe(id=name, run=f"echo {name}") for name in names}


def collected(probes: dict[str, Probe]) -> bytes:
    """Return the bytes of a fact pack of this machine, about PACK_BYTES long."""
    script = collector_script(probes.values())
    return subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout


def fleet(template: bytes, probes: dict[str, Probe], hosts: int) -> Iterator[tuple[HostRecord, FactPack]]:
    """Yield packs that differ like the hosts of one fleet; reading them is part of what is measured."""
    header = read_header(template)
    assert header is not None
    for number in range(hosts):
        data = template.replace(b"now_seconds\n1", b"now_seconds\n1" + str(number % 10).encode(), 1)
        data = data.replace(b"127.0.0.1", f"10.0.{number // 250}.{number % 250}".encode())
        if number % 5 == 0:
            data = data.replace(b"PASS_MAX_DAYS", b"PASS_MIN_DAYS").replace(b"root:x:0", f"root{number}:x:0".encode())
        read = read_pack(
            data, probes, host=f"host-{number}", collected_at="2026-11-23T00:00:00Z", provenance=Provenance.COLLECTED
        )
        assert read.pack.complete, read.faults
        record = HostRecord(name=read.pack.host, state="collected", provenance=Provenance.COLLECTED, blob="0" * 64)
        yield record, read.pack


if __name__ == "__main__":
    main()
