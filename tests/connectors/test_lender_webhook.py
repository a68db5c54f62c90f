"""A lender's secret is changed while events go on: two live secrets, both of which sign."""

import base64

from tests.connectors.rig import (
    TIMEOUT_S,
    closing,
    connector_of,
    http,
    now,
    odd_server,
    on_loop,
    parcel,
    push,
    stand_in_of,
    unavailable,
)

from credit_sanction_connectors.lender_webhook import LenderWebhook, signature
from credit_sanction_connectors.settings import Secrets
from credit_sanction_connectors.standins.lender_webhook import LenderWebhookDialect
from credit_sanction_connectors.standins.runner import serving

OLD, NEW, NEXT = (LenderWebhookDialect.new_secret() for _ in range(3))


def lender(url: str, secret: str, previous: str = "") -> LenderWebhook:
    table = {"url": url, "secret_env": "SECRET", **({"previous_secret_env": "PREVIOUS"} if previous else {})}
    secrets = Secrets(environ={"SECRET": secret, "PREVIOUS": previous})
    return LenderWebhook.from_table("bank", table, secrets, now)


@on_loop
async def test_while_a_secret_is_changed_who_knows_the_old_or_the_new_one_takes_the_event() -> None:
    knows_old, knows_new = stand_in_of("lender-webhook"), stand_in_of("lender-webhook")
    for stand_in in (knows_old, knows_new):
        async with serving([stand_in]) as running:
            url = running.url("target-a")
            async with closing(lender(url, knows_new.secret, knows_old.secret)) as changing:
                assert (await push(changing, parcel(1), timeout_s=TIMEOUT_S)).number == "R00000001"
            async with closing(lender(url, NEXT, NEW)) as stranger:
                assert (await unavailable(push(stranger, parcel(2), timeout_s=TIMEOUT_S))).status == 401
    async with serving([knows_old]) as running, closing(connector_of(knows_new, running.url("target-a"))) as changed:
        assert (await unavailable(push(changed, parcel(2), timeout_s=TIMEOUT_S))).status == 401


@on_loop
async def test_two_live_secrets_are_two_signatures_and_one_body() -> None:
    async with odd_server(http(204)) as odd, closing(lender(odd.url, NEW, OLD)) as changing:
        await push(changing, parcel(7), timeout_s=TIMEOUT_S)
        ((headers, body),) = odd.requests
        assert body == changing.compose(parcel(7)) == lender(odd.url, NEW).compose(parcel(7))
        assert headers["webhook-signature"] == " ".join(
            signature(base64.b64decode(secret[6:]), headers["webhook-id"], headers["webhook-timestamp"], body)
            for secret in (NEW, OLD)
        )
