"""Leaving states of a conditional order, shared by the matching engine and the algo service."""

from __future__ import annotations

from holdfast.paper.account import Account
from holdfast.paper.exchange import Exchange
from holdfast.paper.orders import Algo
from holdfast.paper.streams.events import algo_event


def end_algo(exchange: Exchange, account: Account, algo: Algo, status: str, reason: str = "") -> None:
    """Take a waiting conditional order out of the triggers and give it a final status."""
    if algo.status == "NEW":
        exchange.markets[algo.symbol].triggers_for(algo.working_type).remove(algo)
    set_status(exchange, account, algo, status, reason)


def set_status(exchange: Exchange, account: Account, algo: Algo, status: str, reason: str = "") -> None:
    """Change the status of a conditional order, tell its owner, and keep the open list true."""
    algo.status = status
    algo.reason = reason
    algo.updated_us = exchange.now_us
    if not algo.is_open:
        account.close_algo(algo)
    algo_event(exchange, account, algo)


def finish_parent(exchange: Exchange, account: Account, algo: Algo | None) -> None:
    """The spawned order has closed: its conditional order is finished, once it was reported triggered."""
    if algo is not None and algo.status == "TRIGGERED":
        set_status(exchange, account, algo, "FINISHED")
