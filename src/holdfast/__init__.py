"""Holdfast: an order-execution engine for Binance USDⓈ-M Futures. Intent in, protected position out, nothing lost."""

__version__ = "0.1.0"
