"""Retention: which days of logs are let go, which are held, and what is sealed before either."""
