"""The site folder: configuration, content overlays and `var/`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import SiteNotFound, StorageError
from sec_ops.model.messages import message

__all__ = ["CONFIGURATION", "Site", "find_site", "site_if_any"]

CONFIGURATION = "sec-ops.yml"


@dataclass(frozen=True, slots=True)
class Site:
    """A site folder as `sec-ops init DIR` makes it."""

    root: Path

    @property
    def configuration(self) -> Path:
        """Return `sec-ops.yml`."""
        return self.root / CONFIGURATION

    @property
    def var(self) -> Path:
        """Return the folder of everything the tool writes."""
        return self.root / "var"

    @property
    def runs(self) -> Path:
        """Return the folder of runs."""
        return self.var / "runs"

    @property
    def evidence(self) -> Path:
        """Return the folder of the evidence log, its blobs and keys."""
        return self.var / "evidence"

    @property
    def logs(self) -> Path:
        """Return the folder of raw logs, events and what is known of both."""
        return self.var / "logs"

    @property
    def event_readers(self) -> Path:
        """Return the folder in which readers of events are known; see `sec_ops.runtime.presence`."""
        return self.logs / "locks" / "readers"

    @property
    def approvals(self) -> Path:
        """Return the folder of signed approvals."""
        return self.var / "approvals"

    @property
    def state(self) -> Path:
        """Return the folder of state that may be lost: caches and the like."""
        return self.var / "state"


def find_site(named: str | None, *, environment: Mapping[str, str] = os.environ, start: Path | None = None) -> Site:
    """Return the site named by `--site`, by `SEC_OPS_SITE`, or the nearest parent with `sec-ops.yml`.

    Raises SiteNotFound (exit 4), which names `sec-ops init DIR`; StorageError for a folder that may not be looked into.
    """
    chosen = named or environment.get("SEC_OPS_SITE")
    try:
        here = (Path(chosen) if chosen else start or Path.cwd()).resolve()
        for candidate in [here] if chosen else [here, *here.parents]:
            if (candidate / CONFIGURATION).is_file():
                return Site(candidate)
    except OSError as error:
        place = error.filename or "."
        what = message("could not read {path}: {reason}", path=place, reason=error.strerror or "?")
        advice = message("run the command as the account that owns the site, or name one: --site DIR")
        raise StorageError(what, where=str(place), advice=advice) from error
    raise SiteNotFound(str(here))


def site_if_any(
    named: str | None, *, environment: Mapping[str, str] = os.environ, start: Path | None = None
) -> Site | None:
    """Return what `find_site` finds, None when there is no site and none was asked for.

    Raises SiteNotFound when `--site` or `SEC_OPS_SITE` names a folder that is none.
    """
    try:
        return find_site(named, environment=environment, start=start)
    except SiteNotFound:
        if named or environment.get("SEC_OPS_SITE"):
            raise
        return None
