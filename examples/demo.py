"""
The story of the service, played from outside, in three acts.

1. A list comes in, is pushed to five targets of which three misbehave, the push worker is killed half way, ten records are
   lifted while a target is down, and everybody is looked up.
2. One enterprise goes through all of it: obligation, extension, notice, statement, decision, listing, objection, suspension,
   a repair that comes too early, and the lift once the exit is completed.
3. What the joint conference looks at: an active exit, a red card, a bank's feedback, duties that fall due, statistics.

    make demo

It starts a service of its own, with stand-in targets, in a directory of its own, and stops everything again. It ends with
0 only if every target's own list equals what the store says, nobody who is listed was answered CLEAR, and nobody was
answered RESTRICTED before the listing or after the end. The last line is one JSON object of figures.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file, it finds the modules beside it as tests do

from examples.story import conference, convergence, proceedings
from examples.story.stage import (
    KINDS,
    Controls,
    Failed,
    Service,
    describe_stand_ins,
    say,
    service,
    stand_ins,
    targets_file,
)

from credit_sanction import Client

if TYPE_CHECKING:
    from collections.abc import Mapping


def play(client: Client, controls: Controls, own: Service) -> Mapping[str, object]:
    """Play the three acts and return their figures."""
    begun = time.monotonic()
    say("—— 1. a list comes in")
    first, outcomes = convergence.play(client, controls, own)
    say("—— 2. one enterprise, from obligation to exit")
    second = proceedings.play(client)
    say("—— 3. what the joint conference looks at")
    with Client(own.address, own.issue_token("changchun-bank", "bank")) as bank:
        third = conference.play(client, bank, convergence.on_credit(client, outcomes))
    convergence.wait_for_convergence(client)
    convergence.compare_lists(client, controls)
    deliveries = list(client.deliveries(page_size=1_000))
    return {
        **first,
        **second,
        **third,
        "targets": len(KINDS),
        "attempts": sum(delivery.attempt_count for delivery in deliveries),
        "delivered": sum(delivery.confirmed_present for delivery in deliveries),
        "withdrawn": sum(not d.confirmed_present and d.attempt_count > 0 for d in deliveries),
        "targets_converged": True,
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    """Play it; 0 if everything was as it is to be."""
    described = describe_stand_ins()
    with tempfile.TemporaryDirectory(prefix="credit-sanction-demo-") as name, stand_ins(described) as running:
        directory = Path(name)
        directory.chmod(0o711)  # started by root, the database runs under an account that has to pass through
        try:
            with (
                service(directory, targets_file(described, running, directory)) as own,
                Client(own.address, own.token) as client,
            ):
                figures = play(client, Controls(running), own)
        except Failed as failed:
            print(f"demo: FAILED: {failed}", file=sys.stderr)
            return 1
    print(json.dumps(figures, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
