"""``python -m micrograd_dl`` is the command ``micrograd-dl``."""

from __future__ import annotations

import sys

from micrograd_dl.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
