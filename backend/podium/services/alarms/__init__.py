"""Alarms: thresholds of our own, acknowledgements, and who is told."""
