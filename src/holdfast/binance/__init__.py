"""Binance USDⓈ-M protocol as a pure layer: signing, requests, parsing, outcomes. Bytes and time in, bytes out."""
