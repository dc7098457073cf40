"""Notices to people 通知: kept until they are delivered, by file, syslog, webhook or mail."""
