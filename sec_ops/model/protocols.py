"""What the pure middle asks of the world: clock, randomness, programs, secrets, approvals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from sec_ops.model.messages import Message

__all__ = ["ApprovalCheck", "Clock", "Completed", "Randomness", "RunProgram", "SecretReader"]

Randomness = Callable[[int], bytes]
"""Return that many unpredictable bytes."""


class Clock(Protocol):
    """Time as the controller sees it."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds of a clock that never goes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A program that has ended: exit code, bounded output, time taken."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    elapsed_ms: int


class RunProgram(Protocol):
    """Run a program to its end; never through a shell."""

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        deadline_seconds: float = 60,
        environment: Mapping[str, str] | None = None,
    ) -> Completed:
        """Return what the program left.

        Raises ProgramMissing when it is not installed and ProgramFailed when the deadline passed.
        A non-zero exit code is returned, not raised: only the caller knows what it means.
        """
        ...


class SecretReader(Protocol):
    """Read a secret by its reference."""

    def __call__(self, reference: Mapping[str, str]) -> SecretStr:
        """Return the secret that `{file|env|command|systemd_credential: …}` names; raises ContentInvalid."""
        ...


class ApprovalCheck(Protocol):
    """Whether content that executes was approved, by its digest."""

    def __call__(self, path: str, sha256: str) -> Message | None:
        """Return why the file must not run, or None when a valid approval covers exactly these bytes."""
        ...
