"""A repository to begin with, as the tests of backups have it."""

from tests.integration.backup.conftest import _made, restic

__all__ = ["_made", "restic"]
