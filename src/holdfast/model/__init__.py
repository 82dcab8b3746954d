"""Shared vocabulary: numbers, instruments, intents, orders, events. Imports nothing else of ours."""
