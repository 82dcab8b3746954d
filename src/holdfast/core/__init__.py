"""Functional core: decides what to do, from state and input alone."""
