"""The attacks, and what each came to: what the repository holds afterwards decides, never the exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sec_ops.backup.probing.raw import Answer, RawDoor
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, ForgetRequest, Stream
from sec_ops.backup.restic.results import BackupResult, Result
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message

__all__ = ["Attack", "Attacked", "Outcome", "Probed", "probe", "proved"]

HOST, TAG = "sec-ops-probe", "sec-ops-probe"
_SHOWN = 300
_AGE = timedelta(days=3650)


class Attack(StrEnum):
    """What is tried."""

    TAG = "tag"
    DELETE = "delete"
    OVERWRITE = "overwrite"
    RAW_DELETE = "raw_delete"
    REMOVE_DATA = "remove_data"
    REMOVE_KEY = "remove_key"
    BACK_DATE = "back_date"


class Outcome(StrEnum):
    """What an attack came to."""

    REFUSED = "refused"
    DONE = "done"
    NOT_TRIED = "not_tried"


NO_SERVER_REFUSES = frozenset({Attack.BACK_DATE})
"""A snapshot's time is the client's word: every repository takes it, so restore points go by order of arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """One attack; `exit_code` is restic's, None for the server's own answer."""

    attack: Attack
    outcome: Outcome
    exit_code: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """A probe: with a verdict other than ok it could not be made and says nothing about the repository."""

    judged: Judged
    repository_id: str = ""
    attacks: tuple[Attacked, ...] = ()

    @property
    def immutable(self) -> bool:
        """Return whether each attack that a server can refuse was tried and refused."""
        decisive = [each for each in self.attacks if each.attack not in NO_SERVER_REFUSES]
        return bool(decisive) and all(each.outcome is Outcome.REFUSED for each in decisive)


def proved(probed: Probed) -> Judged:
    """Return what a probe says of the repository: good when it refused all that a server can refuse."""
    if not probed.judged.good:
        return probed.judged
    if probed.immutable:
        return Judged(verdict=Verdict.OK, what=message("nothing could be deleted or changed there"))
    done = [each.attack.value for each in probed.attacks if each.outcome is Outcome.DONE]
    return Judged(
        verdict=Verdict.FAILED,
        what=message("it can be changed: {attacks}", attacks=", ".join(done) or "?"),
        advice=message("serve it append-only, by a server with credentials of its own"),
    )


def probe(restic: Restic, raw: RawDoor | None, *, now: datetime) -> Probed:
    """Attack a snapshot made for the purpose, nobody else's; what an attack could remove is nothing that counts.

    Where deletion succeeds nothing of the probe is left; where it is refused a snapshot of a few bytes stays, of the
    host `sec-ops-probe`.
    """
    identity = restic.cat_config()
    if not identity.judged.good:
        return Probed(judged=identity.judged)
    made = _back_dated(restic, now)
    if not made.judged.good or made.summary is None:
        return Probed(judged=made.judged, repository_id=identity.repository_id)
    point = made.summary.snapshot_id
    attacks = [Attacked(attack=Attack.BACK_DATE, outcome=Outcome.DONE), *_raw_attacks(raw, point)]
    overwritten = raw is not None and attacks[1].outcome is Outcome.DONE
    if raw and overwritten:
        raw.delete("snapshots", point)
        made = _back_dated(restic, now)
        point = made.summary.snapshot_id if made.summary else point
    attacks.append(_attacked(restic, Attack.TAG, point, lambda: restic.tag(point, "sec-ops-probe-changed")))
    attacks.append(
        _attacked(restic, Attack.DELETE, point, lambda: restic.forget(ForgetRequest(snapshots=_ours(restic))))
    )
    return Probed(judged=identity.judged, repository_id=identity.repository_id, attacks=tuple(attacks))


def _back_dated(restic: Restic, now: datetime) -> BackupResult:
    """Save a few bytes as if they were ten years old."""
    stream = Stream(command=["printf", "probe", "proved"], filename="sec-ops-probe")
    return restic.backup(BackupRequest(host=HOST, tags=[TAG], stream=stream, time=now - _AGE))


def _ours(restic: Restic) -> list[str]:
    return [each.id for each in restic.snapshots().snapshots if each.host == HOST and TAG in each.tags]


def _attacked(restic: Restic, attack: Attack, point: str, strike: Callable[[], Result]) -> Attacked:
    """Strike, then look whether the snapshot is as it was."""
    result = strike()
    after = restic.snapshots()
    if not after.judged.good:
        return Attacked(attack=attack, outcome=Outcome.NOT_TRIED, answer=after.judged.why[:_SHOWN])
    stands = point in {each.id for each in after.snapshots}
    answer = result.judged.why or "\n".join(result.said)
    return Attacked(
        attack=attack,
        outcome=Outcome.REFUSED if stands else Outcome.DONE,
        exit_code=result.exit_code,
        answer=answer[:_SHOWN],
    )


def _raw_attacks(raw: RawDoor | None, point: str) -> list[Attacked]:
    """Attack past restic: overwrite the probe's own snapshot, delete names that nothing has."""
    if raw is None:
        kinds = (Attack.OVERWRITE, Attack.RAW_DELETE, Attack.REMOVE_DATA, Attack.REMOVE_KEY)
        return [Attacked(attack=each, outcome=Outcome.NOT_TRIED) for each in kinds]
    nobody = "0" * 64
    return [
        _answered(Attack.OVERWRITE, raw.overwrite("snapshots", point, b"sec-ops probe")),
        _answered(Attack.RAW_DELETE, raw.delete("snapshots", nobody)),
        _answered(Attack.REMOVE_DATA, raw.delete("data", nobody)),
        _answered(Attack.REMOVE_KEY, raw.delete("keys", nobody)),
    ]


def _answered(attack: Attack, answer: Answer) -> Attacked:
    outcome = Outcome.REFUSED if answer.refused else Outcome.DONE
    return Attacked(attack=attack, outcome=outcome if answer.heard else Outcome.NOT_TRIED, answer=answer.text[:_SHOWN])
