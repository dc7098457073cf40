"""What can go wrong with the test bed.

TestbedError
├── MissingRequirement   the machine lacks root, a tool or a kernel feature
└── CommandFailed        a program of the bed ended with an unexpected status
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["CommandFailed", "MissingRequirement", "TestbedError"]


class TestbedError(Exception):
    """The bed cannot do what was asked; the message says what, where and why."""

    __test__ = False


class MissingRequirement(TestbedError):
    """The machine cannot carry a bed; ``installable`` says whether a package would mend it."""

    def __init__(self, reason: str, *, packages: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.packages = tuple(packages)

    @property
    def installable(self) -> bool:
        """Whether installing ``packages`` is all that is missing."""
        return bool(self.packages)


class CommandFailed(TestbedError):
    """A program ended with a status nobody expected."""

    def __init__(self, argv: Sequence[str], status: int, stderr: bytes) -> None:
        tail = stderr.decode("utf-8", "replace").strip()[-2000:]
        super().__init__(f"{' '.join(argv)}: exit {status}: {tail}")
        self.status = status
        self.stderr = stderr
