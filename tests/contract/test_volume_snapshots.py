"""Kinds of volume snapshots: what each says to its programs, and how it takes their answers.

Btrfs is tested on a real one (tests/integration/backup). Answers of LVM and ZFS were written by us, after the forms
their manuals document, and confirmed by nobody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pytest

from sec_ops.backup.holding.volume import Volume
from sec_ops.backup.source import Arguments
from sec_ops.backup.sources import is_verified
from sec_ops.backup.volumes import snapshot_kinds, snapshots_of
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import EngineError, ProgramFailed
from sec_ops.model.protocols import Completed
from sec_ops.runtime.clock import SystemClock

NAME = "sec-ops-0123456789ab-20261126080000"
PREFIX = "sec-ops-0123456789ab-"


def volume(type_: str, device: str) -> Volume:
    return Volume(root=PurePosixPath("/srv"), type=type_, device=device, inside=PurePosixPath("/"))


LVM, XFS = volume("ext4", "/dev/mapper/school--one-data"), volume("xfs", "/dev/mapper/school--one-data")
ZFS, BTRFS = volume("zfs", "tank/school"), volume("btrfs", "/dev/sdb")


@dataclass
class _Doors:
    """Answers of programs, by a word of their command; without one they fail."""

    answers: Mapping[str, str | int]
    heard: list[list[str]] = field(default_factory=list)
    clock: SystemClock = field(default_factory=SystemClock)
    python: str = "python3"

    def run(self, arguments: Arguments, *, stdin: bytes = b"", deadline_seconds: float) -> Completed:
        assert deadline_seconds
        words = [str(each) for each in arguments[list(arguments).index("--") + 1 :]]
        self.heard.append(words)
        found = next((each for word, each in self.answers.items() if word in " ".join(words)), 5)
        code, said = (found, "no") if isinstance(found, int) else (0, found)
        return Completed(exit_code=code, stdout=said.encode(), stderr=stdin, elapsed_ms=1)

    def talk(self, arguments: Arguments, *, deadline_seconds: float) -> Any:
        raise NotImplementedError

    def report(self) -> Any:
        raise NotImplementedError


def lvs(*rows: dict[str, str]) -> str:
    return json.dumps({"report": [{"lv": [{**row, "vg_name": "school-one"} for row in rows]}]})


CLASSIC = {"lv_name": "data", "origin": "", "pool_lv": "", "data_percent": "", "lv_snapshot_invalid": ""}
LVCREATE = ("lvcreate", "--snapshot", "--permission", "r", "--setactivationskip", "n", "--name", NAME)
THIN = {**CLASSIC, "pool_lv": "pool", "data_percent": "41.20"}


def test_which_kinds_are_verified() -> None:
    assert {kind: snapshots_of(kind).verified for kind in snapshot_kinds()} == {
        "btrfs": True,
        "lvm": False,
        "zfs": False,
    }
    with pytest.raises(KeyError):
        snapshots_of("volume")


@pytest.mark.parametrize(
    ("kind", "of", "settings", "answers", "said", "mounting"),
    [
        (
            "btrfs",
            BTRFS,
            {},
            {"filesystem sync": "", "snapshot": ""},
            ["btrfs", "subvolume", "snapshot", "-r", "/srv", f"/srv/.{NAME}"],
            ("--bind", f"/srv/.{NAME}"),
        ),
        (
            "zfs",
            ZFS,
            {},
            {"zfs snapshot": ""},
            ["zfs", "snapshot", f"tank/school@{NAME}"],
            ("-t", "zfs", "-o", "ro", f"tank/school@{NAME}"),
        ),
        (
            "lvm",
            LVM,
            {"reserve_percent": 15},
            {"lvs": lvs(CLASSIC), "lvcreate": ""},
            [*LVCREATE, "--extents", "15%ORIGIN", "school-one/data"],
            ("-t", "ext4", "-o", "ro", f"/dev/school-one/{NAME}"),
        ),
        (
            "lvm",
            XFS,
            {},
            {"lvs": lvs(THIN), "lvcreate": ""},
            [*LVCREATE, "school-one/data"],
            ("-t", "xfs", "-o", "ro,nouuid,norecovery", f"/dev/school-one/{NAME}"),
        ),
    ],
)
def test_taking_one(
    kind: str, of: Volume, settings: dict[str, object], answers: dict[str, Any], said: list[str], mounting: Any
) -> None:
    doors, snapshots = _Doors(answers), snapshots_of(kind)
    assert snapshots.take(of, NAME, snapshots.settings.model_validate(settings), doors) == mounting
    assert doors.heard[-1] == said


@pytest.mark.parametrize(("kind", "of"), [("btrfs", BTRFS), ("lvm", LVM), ("zfs", ZFS)])
def test_a_program_that_refuses_is_an_error(kind: str, of: Volume) -> None:
    snapshots, answers = snapshots_of(kind), {"lvs": lvs(CLASSIC)}
    with pytest.raises(EngineError):
        snapshots.take(of, NAME, snapshots.settings(), _Doors(answers))
    with pytest.raises(EngineError):
        snapshots.drop(of, NAME, _Doors(answers))
    with pytest.raises(EngineError):
        snapshots.left(of, PREFIX, _Doors({}))
    with pytest.raises(EngineError):
        snapshots.fault(of, NAME, _Doors({}))


@pytest.mark.parametrize(
    ("kind", "of", "answers", "said"),
    [
        ("btrfs", BTRFS, {"delete": ""}, ["btrfs", "subvolume", "delete", f"/srv/.{NAME}"]),
        ("zfs", ZFS, {"destroy": ""}, ["zfs", "destroy", f"tank/school@{NAME}"]),
        ("lvm", LVM, {"lvs": lvs(CLASSIC), "lvremove": ""}, ["lvremove", "--yes", f"school-one/{NAME}"]),
    ],
)
def test_removing_one(kind: str, of: Volume, answers: dict[str, Any], said: list[str]) -> None:
    doors = _Doors(answers)
    snapshots_of(kind).drop(of, NAME, doors)
    assert doors.heard[-1] == said


OURS = {**CLASSIC, "lv_name": NAME, "origin": "data"}


@pytest.mark.parametrize(
    ("kind", "of", "answers"),
    [
        ("btrfs", BTRFS, {"find": f".{NAME}\0"}),
        ("zfs", ZFS, {"zfs list": f"tank/school@daily\ntank/school@{NAME}\ntank/school@sec-ops-other\n"}),
        (
            "lvm",
            LVM,
            {
                "school--one-data": lvs(CLASSIC),
                "lvs": lvs(
                    CLASSIC, OURS, {**OURS, "lv_name": f"{NAME}9", "origin": "mail"}, {**OURS, "lv_name": "mine"}
                ),
            },
        ),
    ],
)
def test_only_ours_of_this_volume_are_left(kind: str, of: Volume, answers: dict[str, Any]) -> None:
    assert list(snapshots_of(kind).left(of, PREFIX, _Doors(answers))) == [NAME]


@pytest.mark.parametrize(
    ("kind", "of", "answers", "fault"),
    [
        ("btrfs", BTRFS, {"property": "ro=true\n"}, ""),
        ("btrfs", BTRFS, {"property": "ro=false\n"}, "ro=false"),
        ("zfs", ZFS, {"zpool": "ONLINE\n", "zfs list": NAME}, ""),
        ("zfs", ZFS, {"zpool": "SUSPENDED\n", "zfs list": NAME}, "SUSPENDED"),
        ("lvm", LVM, {"school--one-data": lvs(CLASSIC), "lvs": lvs({**OURS, "data_percent": "63.01"})}, ""),
        ("lvm", LVM, {"school--one-data": lvs(CLASSIC), "lvs": lvs({**OURS, "data_percent": "100.00"})}, "100.00 %"),
        (
            "lvm",
            LVM,
            {
                "school--one-data": lvs(CLASSIC),
                "lvs": lvs({**OURS, "lv_snapshot_invalid": "snapshot invalid", "data_percent": "100.00"}),
            },
            "snapshot invalid",
        ),
        (
            "lvm",
            LVM,
            {"school--one-data": lvs(THIN), "lvs": lvs({**THIN, "lv_name": NAME, "lv_health_status": "failed"})},
            "failed",
        ),
        (
            "lvm",
            LVM,
            {"school--one-data": lvs(THIN), "lvs": lvs({**THIN, "lv_name": NAME, "data_percent": "100.00"})},
            "",
        ),
    ],
)
def test_what_ran_full_or_was_written_to_does_not_count(
    kind: str, of: Volume, answers: dict[str, Any], fault: str
) -> None:
    assert snapshots_of(kind).fault(of, NAME, _Doors(answers)) == fault


def test_an_answer_that_can_not_be_read_is_an_error() -> None:
    for answer in ("", "{}", "[]", lvs()):
        with pytest.raises(ProgramFailed):
            snapshots_of("lvm").left(LVM, PREFIX, _Doors({"lvs": answer}))


def test_subvolumes_inside_are_told_where_they_are_seen() -> None:
    shown = "pool/data\n\tName: \t\t\tdata\n"
    listed = (
        "ID 258 gen 10 top level 256 path pool/data/inner\n"
        f"ID 259 gen 11 top level 256 path pool/data/.{NAME}\n"
        "ID 260 gen 11 top level 256 path pool/data/a b/c\n"
    )
    doors = _Doors({"show": shown, "list": listed})
    found = snapshots_of("btrfs").not_in_it(BTRFS, doors)
    assert [str(each) for each in found] == ["/srv/inner", "/srv/a b/c"]
    doors = _Doors({"show": "/\n\tName: \t\t\t<FS_TREE>\n", "list": "ID 258 gen 10 top level 5 path data\n"})
    assert [str(each) for each in snapshots_of("btrfs").not_in_it(BTRFS, doors)] == ["/srv/data"]
    assert snapshots_of("zfs").not_in_it(ZFS, doors) == snapshots_of("lvm").not_in_it(LVM, doors) == ()


def test_a_plan_says_which_snapshots_nobody_verified() -> None:
    def source(**settings: object) -> SourceSettings:
        return SourceSettings(id="files", kind="files", settings={"paths": ["/srv"], **settings})

    assert is_verified(source())
    assert is_verified(source(volume_snapshot={"kind": "btrfs"}))
    assert not is_verified(source(volume_snapshot={"kind": "zfs"}))
