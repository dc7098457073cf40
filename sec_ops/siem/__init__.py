"""Logs 日志: taken in, understood, kept, asked."""
