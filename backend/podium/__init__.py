"""Podium: one service for fleets of XenServer and XCP-ng pools."""
