"""Distances and times: pure arithmetic of plans."""

import math

from sec_ops.model.backup_plan import BackupPlan, Place
from sec_ops.model.job import Timing
from sec_ops.model.organisation import KeySystem

__all__ = ["cycle_seconds", "great_circle_km", "recovery_point_seconds", "recovery_time_seconds"]

_EARTH_KM = 6371.0088
"""Mean radius R1 of the earth (Moritz, Geodetic Reference System 1980)."""


def great_circle_km(one: Place, other: Place) -> float:
    """Return the distance along the earth in kilometres, by the haversine formula."""
    first, second = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(across / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(half, 1.0)))


def cycle_seconds(timing: Timing) -> int:
    """Return the longest time between two due moments of a clock without summer time."""
    if timing.every_minutes is not None:
        return timing.every_minutes * 60
    if timing.every_hours is not None:
        return timing.every_hours * 3600
    return 86_400 if timing.daily is not None else 7 * 86_400


def recovery_point_seconds(plan: BackupPlan, system: KeySystem | None) -> int | None:
    """Return the seconds of data that may be lost: the stricter of plan and system, None when neither says."""
    return _stricter(plan.rpo_seconds, system.rpo_seconds if system else None)


def recovery_time_seconds(plan: BackupPlan, system: KeySystem | None) -> int | None:
    """Return the seconds until service must be back: the stricter of plan and system, None when neither says."""
    return _stricter(plan.rto_seconds, system.rto_seconds if system else None)


def _stricter(*targets: int | None) -> int | None:
    return min((each for each in targets if each is not None), default=None)
