"""`mariadb`: one database as a dump in one transaction; its rows are counted in the stream itself."""

from sec_ops.backup.dumping.mysql import MysqlDump

__all__ = ["SOURCE"]

SOURCE = MysqlDump(client_program="mariadb", dump="mariadb-dump", verified=True)
