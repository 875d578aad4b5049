"""Changes on their way to clients."""
