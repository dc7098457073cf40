"""Where things lie in an evidence folder."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["LINES_PER_FILE", "Layout"]

LINES_PER_FILE = 65_536


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below `var/evidence/`."""

    root: Path

    @property
    def log(self) -> Path:
        """Return the folder of the entries."""
        return self.root / "log"

    @property
    def checkpoints(self) -> Path:
        """Return the folder of the checkpoints, a folder for each size."""
        return self.root / "checkpoints"

    @property
    def keys(self) -> Path:
        """Return the folder of the key ring and the private keys."""
        return self.root / "keys"

    @property
    def key_ring(self) -> Path:
        """Return the file of the public keys."""
        return self.keys / "keyring.json"

    @property
    def torn(self) -> Path:
        """Return the folder of tails that were never acknowledged."""
        return self.root / "torn"

    @property
    def lock(self) -> Path:
        """Return the file that the one writer locks."""
        return self.root / "lock"

    @property
    def acknowledged(self) -> Path:
        """Return the file that says how many entries were acknowledged; a hint, never synced."""
        return self.root / "acknowledged"

    @property
    def anchor(self) -> Path:
        """Return the page of fingerprints for the plan binder."""
        return self.root / "anchor.txt"

    @property
    def socket(self) -> Path:
        """Return the writer service's socket."""
        return self.root / "service.socket"

    def log_file(self, sequence: int) -> Path:
        """Return the file that holds an entry."""
        return self.log / f"{sequence // LINES_PER_FILE:06d}.jsonl"

    def blob(self, sha256: str) -> Path:
        """Return the file of a blob's cipher text."""
        return self.root / "blobs" / sha256[:2] / sha256[2:4] / sha256

    def blob_key(self, sha256: str) -> Path:
        """Return the file of a blob's key and salt, apart from it so that both can be destroyed together."""
        return self.root / "blob_keys" / sha256[:2] / sha256[2:4] / sha256

    def checkpoint(self, size: int) -> Path:
        """Return the folder of the checkpoint at a size."""
        return self.checkpoints / f"{size:012d}"
