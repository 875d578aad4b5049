"""The web client's catalogue of privileges is the service's own."""

import json
from pathlib import Path

from podium.services.catalogue import ACTIONS, CONTAINERS

CATALOGUE = Path(__file__).parents[1] / "frontend/src/modules/people/catalogue.json"


def test_the_web_client_offers_every_action_and_no_other() -> None:
    known = json.loads(CATALOGUE.read_text())
    assert known == {
        "containers": sorted(CONTAINERS),
        "actions": {resource: sorted(actions) for resource, actions in sorted(ACTIONS.items())},
    }
