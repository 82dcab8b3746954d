"""What each endpoint does, and how its answer looks."""
