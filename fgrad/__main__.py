"""The command `fgrad` as `python -m fgrad`."""

import sys

from fgrad.cli import main

if __name__ == "__main__":
    sys.exit(main())
