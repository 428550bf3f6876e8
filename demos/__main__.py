"""``python -m demos`` lists lessons; ``python -m demos 1`` runs a lesson."""

import sys

from .classroom.commands import run

if __name__ == "__main__":
    sys.exit(run())
