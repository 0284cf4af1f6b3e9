"""``python -m orchestration`` is ``noord``."""

from orchestration.cli import main

main()
