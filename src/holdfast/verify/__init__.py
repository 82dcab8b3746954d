"""Independent checker: compares journal and venue log, sharing only the model with the engine."""
