"""What Holdfast's speed is, measured beside other people's clients: `make bench` (docs/benchmarks.md)."""
