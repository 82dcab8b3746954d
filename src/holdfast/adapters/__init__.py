"""Adapters: the SQLite journal, clocks and transports behind the ports."""
