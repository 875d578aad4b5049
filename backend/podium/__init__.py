"""Podium: one service for fleets of XenServer and XCP-ng pools."""

__version__ = "0.1.0"
