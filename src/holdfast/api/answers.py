"""Values to responses."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder(decimal_format="string")


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON with decimals as text."""
    return Response(_encoder.encode(value), status, headers=headers, media_type="application/json")
