"""Where markets come from: recordings, candles, made-up worlds, and the real venue, live."""
