"""Notices as lines of JSON in a file, synced before they count as delivered."""

import json
import os

from sec_ops.model.notice import FileNotifier
from sec_ops.notify.notifiers import Deliver, NotifierDoors
from sec_ops.notify.spoken import Spoken
from sec_ops.runtime.files import make_folder, storage_error

__all__ = ["deliverer"]


def deliverer(settings: FileNotifier, doors: NotifierDoors) -> Deliver:
    """Return what appends to the file; raises StorageError when delivering."""
    path = doors.root / settings.path

    def deliver(spoken: Spoken) -> None:
        make_folder(path.parent)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(json.dumps(spoken.document(), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise storage_error(path, error) from error

    return deliver
