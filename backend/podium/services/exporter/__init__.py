"""The exporter: every newest number as text for Prometheus."""
