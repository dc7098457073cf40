"""Correlations 关联: what several events mean together, within a span of time and by group (ADR 46).

`reference` states the meaning over a whole list; `Correlator` tells the same while events come, late ones too.
"""
