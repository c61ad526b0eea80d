"""The gateway's three documented calls over HTTP; knows neither store nor screen."""

from __future__ import annotations

from gynetix_tui.gateway.client import Gateway

__all__ = ["Gateway"]
