"""A folder of another account is told as such, never as an internal error."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sec_ops.evidence.bundle import bundle
from sec_ops.evidence.cosigning import cosign_request
from sec_ops.evidence.files import DiskFiles
from sec_ops.evidence.layout import Layout
from sec_ops.evidence.live import verify_live
from sec_ops.evidence.log import open_locally
from sec_ops.evidence.witness import make_witness, open_witness
from sec_ops.model.errors import StorageError
from tests.unit.evidence.support import doors, facts


class Forbidden(DiskFiles):
    """Files of somebody else."""

    def read(self, path: Path, offset: int = 0) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    def size(self, path: Path) -> int:
        if path.name == "keyring.json":
            return super().size(path)
        raise PermissionError(13, "Permission denied", str(path))

    def make_folder(self, folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))


ACTIONS: dict[str, Callable[[Path], object]] = {
    "append": lambda folder: open_locally(folder, doors(Forbidden())).append_many([facts(1)]),
    "checkpoint": lambda folder: open_locally(folder, doors(Forbidden())).checkpoint(),
    "entries": lambda folder: list(open_locally(folder, doors(Forbidden())).entries()),
    "read_blob": lambda folder: open_locally(folder, doors(Forbidden())).read_blob("0" * 64),
    "verify": lambda folder: verify_live(folder, (), files=Forbidden()),
    "request": lambda folder: cosign_request(Layout(folder), Forbidden()),
    "witness": lambda folder: open_witness(folder, files=Forbidden()),
    "make_witness": lambda folder: make_witness(folder / "w", name="w", trust=frozenset({"0" * 64}), files=Forbidden()),
    "bundle": lambda folder: bundle(
        open_locally(folder, doors()), folder, run="r", output=folder / "x.evz", files=Forbidden()
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_refused(folder: Path, action: str) -> None:
    with pytest.raises(StorageError) as caught:
        ACTIONS[action](folder)
    assert "Permission denied" in str(caught.value)
