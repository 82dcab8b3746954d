"""The venue's error codes with their texts and HTTP statuses (protocol notes A.6, H).

Codes are stable, texts vary on the real venue; these are the texts seen most often. A `%s` is
filled by the caller.
"""

from __future__ import annotations

MESSAGES: dict[int, str] = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1002: "You are not authorized to execute this request.",
    -1003: "Too many requests; current limit of IP(127.0.0.1) is %s requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
    -1004: "This IP is already on the white list.",
    -1005: "No such IP has been white listed.",
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    -1008: "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. "
    "Please try again.",
    -1010: "An error message was received.",
    -1011: "This IP cannot access this route.",
    -1013: "Invalid message.",
    -1014: "Unsupported order combination.",
    -1015: "Too many new orders; current limit is %s orders per %s.",
    -1016: "This service is no longer available.",
    -1020: "This operation is not supported.",
    -1021: "Timestamp for this request is outside of the recvWindow.",
    -1022: "Signature for this request is not valid.",
    -1023: "Start time is greater than end time.",
    -1099: "Not found, unauthenticated, or unauthorized.",
    -1100: "Illegal characters found in parameter '%s'.",
    -1101: "Duplicate values for parameter '%s'.",
    -1102: "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
    -1103: "An unknown parameter was sent.",
    -1104: "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.",
    -1105: "Parameter '%s' was empty.",
    -1106: "Parameter '%s' sent when not required.",
    -1108: "Invalid asset.",
    -1109: "Invalid account.",
    -1110: "Invalid symbolType.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1112: "No orders on book for symbol.",
    -1114: "TimeInForce parameter sent when not required.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1118: "New client order ID was empty.",
    -1119: "Original client order ID was empty.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1122: "Invalid symbol status.",
    -1125: "This listenKey does not exist.",
    -1126: "Asset not supported.",
    -1127: "Lookup interval is too big.",
    -1128: "Combination of optional parameters invalid.",
    -1130: "Data sent for parameter '%s' is not valid.",
    -1136: "Invalid newOrderRespType.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4001: "Price less than 0.",
    -4002: "Price greater than max price.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4006: "Stop price less than zero.",
    -4007: "Stop price greater than max price.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id is not valid.",
    -4016: "Limit price can't be higher than %s.",
    -4021: "%s is not valid depth limit",
    -4023: "Quantity not increased by step size.",
    -4022: "Market status is not valid.",
    -4024: "Limit price can't be lower than %s.",
    -4028: "Leverage %s is not valid",
    -4031: "Invalid workingType.",
    -4032: "Exceed maximum cancel order size.",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4049: "Add margin only support for isolated position.",
    -4050: "Cross balance insufficient.",
    -4051: "Isolated balance insufficient.",
    -4054: "Cannot add position margin: position is 0.",
    -4055: "Amount must be positive.",
    -4056: "Invalid api key type.",
    -4059: "No need to change position side.",
    -4060: "Invalid position side.",
    -4061: "Order's position side does not match user's setting.",
    -4062: "Invalid or improper reduceOnly value.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4082: "Invalid number of batch place orders.",
    -4084: "Method is not allowed currently. Coming soon.",
    -4104: "Invalid contract type.",
    -4105: "This symbol is in reduce only mode, only reduce-only orders are allowed.",
    -4106: "This symbol is in reduce only mode for buy orders, only reduce-only buy orders are allowed.",
    -4107: "This symbol is in reduce only mode for sell orders, only reduce-only sell orders are allowed.",
    -4115: "clientTranId is duplicated.",
    -4116: "ClientOrderId is duplicated.",
    -4117: "Stop order is triggering.",
    -4118: "ReduceOnly order failed: please check your existing position and open orders.",
    -4120: "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -4132: "Order does not exist or is already closed.",
    -4135: "Invalid activation price.",
    -4137: "Quantity must be zero with closePosition equals true.",
    -4138: "Reduce only must be true with closePosition equals true.",
    -4140: "Invalid symbol status for opening position.",
    -4141: "Symbol is closed.",
    -4142: "Order would immediately trigger.",
    -4144: "Invalid pair.",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    -4164: "Order's notional must be no smaller than %s (unless you choose reduce only).",
    -4165: "Invalid time interval.",
    -4166: "Search window is restricted to recent 2 days only.",
    -4167: "Unable to adjust to Multi-Assets mode with symbols of USD\u24c8-M Futures under isolated-margin mode.",
    -4168: "Unable to adjust to isolated-margin mode under the Multi-Assets mode.",
    -4169: "Unable to adjust Multi-Assets Mode with insufficient margin balance in USD\u24c8-M Futures.",
    -4170: "Unable to adjust Multi-Assets Mode with open orders in USD\u24c8-M Futures.",
    -4171: "No need to change multi-assets mode.",
    -4172: "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin available asset.",
    -4210: "Stop price is higher than stop price multiplier cap.",
    -4211: "Stop price is lower than stop price multiplier floor.",
    -4509: "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available.",
    -5000: "Path %s, Method %s is invalid",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. "
    "The order will not be recorded in the order history.",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history.",
    -5024: "Symbol is not in trading status. Order amendment is not permitted.",
    -5025: "Only limit order is supported.",
    -5026: "Exceed maximum modify order limit.",
    -5027: "No need to modify the order.",
    -5028: "Timestamp for this request is outside of the ME recvWindow.",
    -5029: "Order's notional must be no smaller than %s.",
    -5037: "Invalid price match.",
    -5038: "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.",
    -5039: "Invalid self trade prevention mode.",
    -5040: "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
    "and smaller than 253402300799000.",
    -5041: "No depth matches this BBO order.",
    -5043: "A pending modification already exists for this order.",
    -5047: "reduceOnly is only accepted for the amendment of a reduce-only order.",
}

_STATUSES: dict[int, int] = {-1003: 429, -1015: 429, -1007: 408, -1008: 503, -2014: 401, -2015: 401, -5000: 404}

AHEAD_OF_TIME = "Timestamp for this request was 1000ms ahead of the server's time."
BANNED = "Way too many requests; IP banned until %d. Please use the websocket for live updates to avoid bans."
UNKNOWN_503 = "Unknown error, please check your request or try again later."
UNAVAILABLE_503 = "Service Unavailable."


class VenueError(Exception):
    """The venue refuses a request: `code` and `message` go to the client, with HTTP `status`."""

    def __init__(self, code: int, *details: object, message: str | None = None, status: int | None = None) -> None:
        """Take the text of the table (filled with `details`) unless `message` gives another."""
        self.code = code
        self.message = message if message is not None else (MESSAGES[code] % details if details else MESSAGES[code])
        self.status = status if status is not None else _STATUSES.get(code, 400)
        super().__init__(f"{code} {self.message}")


def missing(name: str) -> VenueError:
    """A mandatory parameter is absent or malformed."""
    return VenueError(-1102, name)


def unwanted(name: str) -> VenueError:
    """A parameter was sent where it has no place."""
    return VenueError(-1106, name)


def needs_either(first: str, second: str) -> VenueError:
    """One of two parameters must be sent and neither was."""
    return VenueError(-1102, message=f"Param '{first}' or '{second}' must be sent, but both were empty/null!")
