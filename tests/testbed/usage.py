"""How much memory a bed takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.testbed.bed import Bed
from tests.testbed.processes import children, proportional_set_size

__all__ = ["Memory", "available_memory", "memory_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Proportional set size of a bed's processes in KiB, without what the kernel keeps for its namespaces."""

    hosts: int
    total_kib: int

    def __str__(self) -> str:
        each = self.total_kib / max(self.hosts, 1)
        return f"{self.hosts} hosts, {self.total_kib} KiB in processes (PSS), {each:.0f} KiB a host"


def memory_of(bed: Bed) -> Memory:
    """The memory of all processes of the bed's hosts."""
    supervisors = bed.keeper.supervisors().values()
    processes = [pid for supervisor in supervisors for pid in _tree(supervisor)]
    return Memory(hosts=len(supervisors), total_kib=sum(map(proportional_set_size, processes)))


def available_memory() -> int:
    """``MemAvailable`` of the machine in KiB; its fall while hosts start includes the kernel's part."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1])
    raise OSError("/proc/meminfo names no MemAvailable")


def _tree(pid: int) -> list[int]:
    return [pid, *(found for child in children(pid) for found in _tree(child))]
