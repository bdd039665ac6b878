"""Run the command line: `python -m assignment_actions.cli`."""

import sys

from assignment_actions.cli import main

if __name__ == "__main__":
    sys.exit(main())
