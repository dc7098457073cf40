"""Verdicts 判定结果 and what they do to each other."""

from enum import StrEnum

__all__ = ["Verdict"]


class Verdict(StrEnum):
    """What is said of a check, a part or a clause."""

    COMPLIANT = "compliant"  # 符合
    PARTIAL = "partial"  # 部分符合
    NON_COMPLIANT = "non_compliant"  # 不符合
    NOT_APPLICABLE = "not_applicable"  # 不适用
    UNDETERMINED = "undetermined"  # 未核查: a fact is missing
    MANUAL = "manual"  # 待人工: a person must say
