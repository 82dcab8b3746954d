"""HTTP interface: intents in, reads and server-sent events out."""
