"""The incident runbooks that this project knows, by id: detection rules name the one that answers them."""

from typing import Final

__all__ = ["RUNBOOKS"]

RUNBOOKS: Final = (
    "ransomware",
    "defacement",
    "data_leak",
    "account_compromise",
    "ddos",
    "phishing",
    "mining_trojan",
    "outage",
    "harmful_content",
    "supply_chain",
    "examination_season",
)
"""Ids as in `playbooks/respond/<id>/`; `content lint` refuses a rule of ours that names none of them."""
