"""Sockets: the exchange served to real clients. The only part that knows a network."""
