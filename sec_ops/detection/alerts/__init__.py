"""Alerts 告警: what rules found, grouped into what a person works through, kept until closed and after."""
