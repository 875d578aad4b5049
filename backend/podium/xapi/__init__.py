"""The wire to one XenServer pool; knows nothing of the rest of Podium."""
