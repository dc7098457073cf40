"""The overview for Prometheus, in its text format, for the textfile collector of a node exporter."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sec_ops.backup.overview.values import CopyStatus, SystemStatus
from sec_ops.backup.verdict import Verdict

__all__ = ["metrics_text"]


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    help: str
    samples: Sequence[tuple[dict[str, str], float]]


def metrics_text(statuses: Sequence[SystemStatus], now_ms: int) -> str:
    """Return the file; times are Unix seconds. What is not known has no sample: alert on `absent` too."""
    return "".join(line for family in _families(statuses, now_ms) for line in _lines(family))


def _families(statuses: Sequence[SystemStatus], now_ms: int) -> Iterator[_Family]:
    copies = [(status, copy) for status in statuses for copy in status.copies]
    runs = [(each, each.last_run) for each in statuses if each.last_run and each.last_run.verdict]
    yield _Family("written_timestamp_seconds", "When this file was written.", [({}, now_ms / 1000)])
    yield _Family("problems", "Things that are not good.", [(_of(each), len(each.problems)) for each in statuses])
    yield _Family(
        "last_run_verdict",
        "1 for the verdict of the last run, 0 for all others.",
        [
            ({**_of(each), "verdict": verdict.value}, float(run.verdict is verdict))
            for each, run in runs
            for verdict in Verdict
        ],
    )
    yield _Family(
        "last_run_timestamp_seconds",
        "When the last run began.",
        [(_of(each), run.started_ms / 1000) for each, run in runs],
    )
    yield _Family(
        "last_good_timestamp_seconds",
        "The moment that the newest restore point which counts stands for.",
        [(_at(*each), each[1].good.data_ms / 1000) for each in copies if each[1].good],
    )
    yield _Family(
        "rpo_seconds",
        "How much may be lost.",
        [(_of(each), each.rpo_ms / 1000) for each in statuses if each.rpo_ms is not None],
    )
    yield _Family(
        "future_dated", "Snapshots dated later than they came.", [(_at(*each), each[1].future_dated) for each in copies]
    )
    yield _Family("holds", "Open holds.", [(_at(*each), each[1].holds) for each in copies])
    spaces = {copy.repository: copy.space for _status, copy in copies}
    yield _Family(
        "repository_free_bytes",
        "Bytes free where a repository lies.",
        [({"repository": name}, each.free_bytes) for name, each in spaces.items() if each.free_bytes is not None],
    )


def _of(status: SystemStatus) -> dict[str, str]:
    return {"system": status.system}


def _at(status: SystemStatus, copy: CopyStatus) -> dict[str, str]:
    return {"system": status.system, "repository": copy.repository}


def _lines(family: _Family) -> Iterator[str]:
    name = f"sec_ops_backup_{family.name}"
    if family.samples:
        yield f"# HELP {name} {family.help}\n# TYPE {name} gauge\n"
    for labels, value in family.samples:
        yield f"{name}{_labels(labels.items())} {value:.15g}\n"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    """Return labels; ids of content have none of the characters that would have to be escaped."""
    shown = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{shown}}}" if shown else ""
