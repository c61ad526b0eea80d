"""The gateway's three documented calls over HTTP; knows neither store nor screen."""

from __future__ import annotations

import sys

# Where click is installed for whatever reason, httpx brings its own command line along: three megabytes for nothing. A module
# that is None cannot be imported; httpx goes on without, as where click is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from gynetix_tui.gateway.client import Gateway  # noqa: E402 - httpx comes with it

__all__ = ["Gateway"]
