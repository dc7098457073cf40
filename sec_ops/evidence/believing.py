"""Which keys are believed here: those of this site's own log, and those somebody names from paper."""

from collections.abc import Iterable
from pathlib import Path

from sec_ops.evidence.files import DiskFiles, told_as_storage_error
from sec_ops.evidence.keys import key_fingerprint, load_ring
from sec_ops.evidence.layout import Layout

__all__ = ["believed_keys"]


def believed_keys(folder: Path, named: Iterable[str] = ()) -> frozenset[str]:
    """Return fingerprints: of the log's own keys that were not revoked, and those named, blanks taken out."""
    layout, files = Layout(folder), DiskFiles()
    own: set[str] = set()
    with told_as_storage_error(folder):
        if files.size(layout.key_ring):
            ring = load_ring(layout, files)
            revoked = {record.fingerprint for record in ring.closed if record.reason == "revoked"}
            own = {key_fingerprint(key) for key in ring.created if key.role == "log"} - revoked
    return frozenset(own | {"".join(each.split()).lower() for each in named})
