"""Trouble on the wire: webhooks arrive out of order, twice, and some much too late.

None of it may change a balance; the events are all there.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from contraflow.simulator.hook import Hook
from contraflow.simulator.webhook import Webhook

_SHUFFLE_WINDOW: Final = 16
# A second delivery comes this many webhooks after the first, at most.
_REPEAT_WITHIN: Final = 60


Delivery = TypeVar("Delivery", Webhook, Hook)


def deliver(
    rng: random.Random,
    webhooks: Sequence[Delivery],
    *,
    doubled_share: float,
    late_share: float,
    late_subjects: frozenset[str],
) -> tuple[Delivery, ...]:
    """The order of delivery: prompt webhooks shuffled within windows, then the late ones; some come twice.

    Args:
        rng: the day's generator.
        webhooks: every event once.
        doubled_share, late_share: between 0 and 1.
        late_subjects: stories of which every webhook comes late.
    """
    prompt: list[Delivery] = []
    late: list[Delivery] = []
    for webhook in sorted(webhooks, key=lambda webhook: webhook.created_s):
        if webhook.subject in late_subjects or rng.random() < late_share:
            late.append(replace(webhook, late=True))
        else:
            prompt.append(webhook)
    _shuffle_windows(rng, prompt)
    rng.shuffle(late)
    return tuple(_double(rng, prompt, doubled_share) + _double(rng, late, doubled_share))


def _shuffle_windows(rng: random.Random, webhooks: list[Delivery]) -> None:
    for start in range(0, len(webhooks), _SHUFFLE_WINDOW):
        window = webhooks[start : start + _SHUFFLE_WINDOW]
        rng.shuffle(window)
        webhooks[start : start + _SHUFFLE_WINDOW] = window


def _double(rng: random.Random, webhooks: Sequence[Delivery], share: float) -> list[Delivery]:
    places: list[tuple[float, Delivery]] = []
    for place, webhook in enumerate(webhooks):
        places.append((place, webhook))
        if rng.random() < share:
            places.append((place + 0.5 + rng.randrange(_REPEAT_WITHIN), replace(webhook, repeat=True)))
    return [webhook for _, webhook in sorted(places, key=lambda item: item[0])]
