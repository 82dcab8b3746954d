"""A behaviour-true Binance USDⓈ-M Futures exchange: pure, fed bytes and time, it answers bytes.

The door is `holdfast.paper.edge.PaperVenue`. Nothing here reads a clock, a file or the network.
"""
