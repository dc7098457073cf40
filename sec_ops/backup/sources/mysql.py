"""`mysql`: one database as a dump in one transaction, by MySQL's own programs.

Not verified on a real system: the dump's form is taken to be MariaDB's, the two options as remembered, unconfirmed.
"""

from sec_ops.backup.dumping.mysql import MysqlDump

__all__ = ["SOURCE"]

SOURCE = MysqlDump(
    client_program="mysql", dump="mysqldump", verified=False, extra=("--set-gtid-purged=OFF", "--no-tablespaces")
)
