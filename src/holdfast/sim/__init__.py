"""Deterministic simulation: virtual time, faults and the invariants checked after each run."""
