"""Pulling many hosts: visits in small groups, each answer on disk before its host is asked again."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from sec_ops.model.protocols import Clock, Randomness
from sec_ops.siem.collect.host import HostPull
from sec_ops.siem.records import RawBatch
from sec_ops.transport.values import RunScripts

__all__ = ["Puller"]

AT_ONCE = 16
"""Hosts visited together: what they may bring in one visit has to fit into memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Puller:
    """What a pull needs from outside: the SSH door, the raw log, time. `progress` is told of each host that is done."""

    visit: RunScripts
    store: Callable[[RawBatch], object]
    clock: Clock
    randomness: Randomness
    progress: Callable[[HostPull], None]

    def pull(self, hosts: Sequence[HostPull]) -> bool:
        """Visit hosts until each has nothing more to give; return whether Ctrl-C cut it short.

        Raises StorageError when our own disk refuses; what was stored before stays, and the next pull goes on there.
        """
        waiting = deque(hosts)
        try:
            while waiting:
                self._round(waiting)
        except KeyboardInterrupt:
            return True
        return False

    def _round(self, waiting: "deque[HostPull]") -> None:
        """Make one visit to the next few hosts; those with more to give wait again."""
        jobs = {}
        for host in list(islice(waiting, AT_ONCE)):
            waiting.popleft()
            script = host.next_script(self.randomness(16).hex())
            if script is None:
                self.progress(host)
            else:
                jobs[host.target.name] = (host, script)
        replies = self.visit([(host.target, script) for host, script in jobs.values()])
        try:
            for reply in replies:
                host, _ = jobs[reply.target.name]
                host.take(reply, int(self.clock.now().timestamp() * 1000), self.store)
                waiting.append(host)
        finally:
            close = getattr(replies, "close", None)  # a generator ends its connections when it is closed
            if close:
                close()
