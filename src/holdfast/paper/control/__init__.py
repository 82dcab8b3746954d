"""The control door: what the venue, somebody else or a fault would do, done by hand or by a scenario."""
