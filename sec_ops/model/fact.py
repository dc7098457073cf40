"""Facts 事实: what a probe read on a host, framed, bounded and hashed."""

from enum import StrEnum

from pydantic import Field

from sec_ops.model.values import Value

__all__ = ["Fact", "FactPack", "FactState", "Provenance"]


class FactState(StrEnum):
    """What became of a probe; only the first two are answers."""

    READ = "read"  # the output is the answer
    ABSENT = "absent"  # the file, program or feature is not there: an answer too
    UNREADABLE = "unreadable"  # there, but not for this user
    FAILED = "failed"  # the command ended with an error
    TIMED_OUT = "timed_out"  # cut short in time
    TRUNCATED = "truncated"  # more bytes than the bound
    MISSING = "missing"  # never arrived


class Provenance(StrEnum):
    """How a fact pack came to us."""

    COLLECTED = "collected"  # by our own connection
    SELF_REPORTED = "self_reported"  # run by the unit itself, brought to us
    RECORDED = "recorded"  # a recording for tests and training


class Fact(Value):
    """One probe's result. `text` is decoded UTF-8 with undecodable bytes as surrogate escapes."""

    id: str
    state: FactState
    exit_code: int
    text: str
    sha256: str = Field(description="of the bytes as they came")
    elapsed_ms: int

    @property
    def answered(self) -> bool:
        """Return whether a rule may be judged on this fact."""
        return self.state in (FactState.READ, FactState.ABSENT)


class FactPack(Value):
    """All facts of one host from one collector run."""

    host: str
    collector_sha256: str
    collected_at: str = Field(description="RFC 3339, UTC, the controller's clock; the host's own for packs brought")
    provenance: Provenance
    clock_offset_ms: int | None = Field(default=None, description="host minus controller")
    complete: bool = Field(description="the end frame arrived")
    facts: dict[str, Fact]
