"""The site's database of detection, for commands about alerts."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sec_ops.detection.database import DATABASE, Database, open_database
from sec_ops.runtime.site import Site

__all__ = ["opened_database"]


@contextmanager
def opened_database(site: Site) -> Iterator[Database]:
    """Open the database for as long as the block runs; a site that never detected anything gets an empty one."""
    with closing(open_database(site.var / DATABASE)) as database:
        yield database
