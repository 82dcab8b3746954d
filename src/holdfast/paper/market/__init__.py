"""What the exchange knows of a market: contracts, book, resting orders, trades, candles and statistics."""
