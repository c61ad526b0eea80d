"""``python -m gynetix_tui``."""

from __future__ import annotations

import sys

from gynetix_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
