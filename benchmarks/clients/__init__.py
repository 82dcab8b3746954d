"""The contestants of the order path: one file each, run as a process of its own in its own environment."""
