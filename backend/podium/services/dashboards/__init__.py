"""Dashboards: what is counted, remembered and measured, in one answer."""
