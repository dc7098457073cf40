"""How far a backup is, on a terminal and nowhere else."""

from sec_ops.backup.restic.events import Event, Progress
from sec_ops.cli.progress import Progress as Line
from sec_ops.model.text import bytes_text

__all__ = ["BackupProgress"]


class BackupProgress:
    """One line that is written over: part, percent, bytes, minutes left."""

    def __init__(self) -> None:
        self._line = Line()

    @property
    def seen(self) -> bool:
        """Return whether anybody looks."""
        return self._line.seen

    def __call__(self, part: str, event: Event) -> None:
        """Show how far a part is, a few times a second."""
        if isinstance(event, Progress):
            self._line.show(f"{event.percent:5.1f} %  {_amount(event):>20}  {_left(event):>8}  {part}")

    def clear(self) -> None:
        """Take the line away."""
        self._line.clear()


def _amount(event: Progress) -> str:
    total = f" / {bytes_text(event.total_bytes)}" if event.total_bytes else ""
    return f"{bytes_text(event.bytes)}{total}"


def _left(event: Progress) -> str:
    if event.seconds_left is None:
        return ""
    return f"{event.seconds_left // 60}:{event.seconds_left % 60:02}"
