"""`gynetix-tui doctor`: what a bug report needs to know of a machine, and nothing that it must not.

It only looks: no file is made or changed, no call goes to the gateway. Each check stands by itself, so that
whatever is broken leaves the others standing.
"""

from __future__ import annotations

from gynetix_tui.doctor.report import doctor

__all__ = ["doctor"]
