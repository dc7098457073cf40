"""The collector on this machine: CPU seconds of all shipped probes and of the frame around them, in every shell here.

    python benchmarks/collector.py

The last column is what the same shell needs for as many `cat` of a small file: the least a collector could do.
"""

import resource
import shutil
import subprocess
import time
from collections.abc import Sequence

from sec_ops.compliance.collector import collector_script, needed_probes
from sec_ops.compliance.frames import read_pack
from sec_ops.content.kinds import CHECKS, PROBES
from sec_ops.content.library import Library
from sec_ops.model.check import Probe
from sec_ops.model.fact import Provenance

SHELLS = (["dash"], ["bash"], ["busybox", "ash"])
RUNS = 3


def main() -> None:
    """Print one line a shell and set of probes."""
    library = Library.open(None)
    shared = {name: loaded.value for name, loaded in library.objects(PROBES).items()}
    probes = needed_probes((loaded.value for loaded in library.objects(CHECKS).values()), shared)
    quick = [probe for probe in probes if not is_scan(probe)]
    empty = [Probe(id=f"empty_{number}", run=":") for number in range(100)]
    print(
        f"{'shell':<12} {'probes':<26} {'CPU s':>7} {'wall s':>7} {'KB':>6} {'unanswered':>10} {'cat only, CPU s':>16}"
    )
    for shell in SHELLS:
        if shutil.which(shell[0]):
            for name, chosen in (("all shipped", probes), ("without file scans", quick), ("100 empty", empty)):
                measure(shell, name, chosen)


def is_scan(probe: Probe) -> bool:
    """Return whether the probe walks file systems: what it costs is what the host holds, up to its bound in time."""
    return probe.seconds_bound >= 30


def measure(shell: Sequence[str], name: str, probes: Sequence[Probe]) -> None:
    """Print the best of a few runs."""
    script = collector_script(probes)
    runs = [run(shell, script) for _ in range(1 if name.startswith("all") else RUNS)]
    cpu, wall, output = min(runs)
    least = min(run(shell, b"cat /etc/hostname\n" * len(probes))[0] for _ in range(RUNS))
    read = read_pack(
        output, {probe.id: probe for probe in probes}, host="", collected_at="", provenance=Provenance.COLLECTED
    )
    unanswered = sum(not fact.answered for fact in read.pack.facts.values())
    shown = f"{name} ({len(probes)})"
    print(
        f"{' '.join(shell):<12} {shown:<26} {cpu:>7.3f} {wall:>7.2f} {len(output) / 1000:>6.0f}"
        f" {unanswered:>10} {least:>16.3f}"
    )


def run(shell: Sequence[str], script: bytes) -> tuple[float, float, bytes]:
    """Return CPU seconds of the shell and all it started, wall seconds, and its output."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    output = subprocess.run(shell, input=script, capture_output=True, check=False).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began, output


if __name__ == "__main__":
    main()
