"""Starts the counterparties: `python -m simulator --port 8090 --callback-base http://127.0.0.1:8000`.

Listens on 127.0.0.1 only, unless told otherwise. Ends on SIGTERM or Ctrl-C within two seconds, also
when it is just keeping somebody waiting on purpose.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from simulator.main import serve
from simulator.settings import from_environment


def main() -> None:
    """Read the arguments, which go before the environment, and serve."""
    settings = from_environment()
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--callback-base", default=settings.callback_base)
    parser.add_argument("--state-file", type=Path, default=settings.state_file)
    parser.add_argument("--log-level", default="warning")
    given = parser.parse_args()
    settings = replace(settings, callback_base=given.callback_base, state_file=given.state_file)
    serve(settings, listen=given.listen, port=given.port, log_level=given.log_level)


if __name__ == "__main__":
    main()
