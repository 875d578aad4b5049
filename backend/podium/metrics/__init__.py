"""Metrics: what the hosts measure, kept warm. One poller a host, columnar rings, and the names clients know them by."""
