"""People told that nothing came: when it begins, and once a day while it lasts."""

import json
from collections.abc import Sequence
from pathlib import Path

from sec_ops.backup.copying.overdue import Watched
from sec_ops.backup.copying.telling import overdue_notice
from sec_ops.cli.output import note
from sec_ops.cli.schedule_run import open_outbox
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder, storage_error, write_atomically
from sec_ops.runtime.site import Site

__all__ = ["tell_overdue"]


def tell_overdue(site: Site, found: Sequence[Watched], now_ms: int) -> None:
    """Tell of what is overdue and was not told today; a crash in between tells twice under one id."""
    path = site.state / "backup-overdue.json"
    told = _told(path)
    notices = {f"{each.system}/{each.repository}": overdue_notice(each, now_ms) for each in found if each.overdue}
    outbox = open_outbox(site)
    for name, notice in notices.items():
        if told.get(name) != notice.id:
            outbox.put(notice)
    for failure in outbox.deliver().failures:
        note(message("{notifier} could not deliver: {reason}", notifier=failure.notifier, reason=failure.error.what))
    now_told = {name: notice.id for name, notice in notices.items()}
    if now_told != told:
        make_folder(path.parent)
        write_atomically(path, json.dumps(now_told).encode())


def _told(path: Path) -> dict[str, str]:
    """Return what was told; of a file that can't be understood nothing: better heard twice than never."""
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(path, error) from error
    except (ValueError, TypeError):
        return {}
