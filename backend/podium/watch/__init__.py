"""The background task manager: one watcher per server."""
