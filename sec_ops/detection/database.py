"""What detection keeps: `var/detection/detection.db`, where alerts and positions change together."""

from pathlib import Path

from sec_ops.detection.alerts.tables import ALERT_TABLES, SEEN_TIMES
from sec_ops.detection.live.tables import LIVE_TABLES, STORE_TABLES
from sec_ops.runtime import database
from sec_ops.runtime.database import Database

__all__ = ["DATABASE", "Database", "open_database"]

DATABASE = Path("detection") / "detection.db"
"""The file, below the site's `var`."""
_STEPS: tuple[str, ...] = (ALERT_TABLES, LIVE_TABLES, STORE_TABLES, SEEN_TIMES)


def open_database(path: Path) -> Database:
    """Open the database, made or brought up to date when that is needed; raises StorageError."""
    return database.open_database(path, _STEPS)
