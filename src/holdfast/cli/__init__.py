"""Command line of Holdfast."""
