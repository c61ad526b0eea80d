"""The gateway's three documented calls over HTTP; knows neither store nor screen."""

from __future__ import annotations

import sys

# Where click is installed for whatever reason, httpx brings its own command line along: three megabytes for nothing. A module
# that is None cannot be imported; httpx goes on without, as where click is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed knows modules alone; Python documents None

from gynetix_tui.gateway.client import Gateway  # noqa: E402 - it imports httpx, which must find that None

__all__ = ["Gateway"]
