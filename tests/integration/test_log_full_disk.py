"""A disk that fills up in the middle of an import, at any point: told, nothing torn, and gone on with afterwards."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.model.errors import SecOpsError
from sec_ops.siem.raw.verifying import verify_raw
from tests.unit.siem.importing.killed import stored, take
from tests.unit.siem.importing.test_killed import messages
from tests.unit.siem.raw.support import all_records

pytestmark = pytest.mark.integration
_LINES = [f"line {number} {number * 7919 % 100_003}" for number in range(30_000)]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def grow(folder: Path, kibibytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kibibytes}k", str(folder)], check=True)


def test_a_full_disk_is_told_and_the_import_goes_on_when_there_is_room(small: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(_LINES))
    refusals = 0
    for kibibytes in range(400, 6_000, 230):
        grow(small, kibibytes)
        try:
            take(small / "logs", path)
            break
        except SecOpsError:
            refusals += 1
    else:
        pytest.fail("the import never came to its end")
    assert refusals >= 5
    assert [record.decode() for record in all_records(small / "logs")] == _LINES
    assert sorted(messages(small / "logs")) == sorted(_LINES)
    assert not verify_raw(small / "logs", []).faults
    stored(small / "logs").close()
