"""Loads an edition and never gets to the commit: waits to be killed."""

import os
import sys

from tests.samples import noon

from credit_sanction_service.domain.editions import read_header
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.transaction import Transaction


def stay(_: Transaction) -> None:
    sys.stdout.write("loaded, not committed\n")
    sys.stdout.flush()
    sys.stdin.read()  # until whoever started it kills it, or is gone itself
    os._exit(1)


if __name__ == "__main__":
    with connect(sys.argv[1]) as connection:
        install_editions(connection, [read_header(sys.argv[2])], now=noon(), on_loaded=[stay])
