"""Sigma's texts: rules, correlations and filters read by pySigma into our own values, all faults at once.

pySigma is imported by this room alone (and by conversion), and only where texts are read: values that come from the
cache need none of it.
"""
