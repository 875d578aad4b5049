"""A pool, the service, an administrator, and users who want more than they have."""

from tests.journeys.conftest import client, server_id, service, sim

__all__ = ["client", "server_id", "service", "sim"]
