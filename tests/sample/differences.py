"""Where our answers about the sample differ on purpose: recorded answer, then ours."""

from __future__ import annotations

from typing import Any

RAISES = {"raises": "TypeError"}

Differences = dict[tuple[int, str], tuple[Any, Any]]

IN_PROGRESS_IS_NO_SUCCESS: Differences = {
    (43, "last_successful.notified"): ("f49749cf-7c44-416b-9882-0418d4c359db", None),
    (67, "last_successful.notified"): ("b7236336-a008-4ec8-b85c-3b62a11a6171", None),
    (187, "last_successful.expiration"): ("8e010a13-4966-400b-8293-1645813b8e2a", None),
    (219, "last_successful.acknowledged_cancelled"): (
        "ce008720-bcff-4690-bd53-28d02609f017",
        None,
    ),
    (315, "last_successful.expiration"): ("3f310468-f471-4fb8-a43b-d0a61e9db311", None),
    (355, "last_successful.notified"): ("7602bcc7-21f0-4424-8c9d-97647116a537", None),
    (355, "last_successful.redeemed"): ("9b0be369-232f-4c1a-a31f-6adc17200b79", None),
    (363, "last_successful.notified"): ("4d89b96b-51d1-41b1-8579-69120704d429", None),
    (371, "last_successful.acknowledged_cancelled"): (
        "70b9c653-8706-4a4c-93fd-a93d01510791",
        None,
    ),
    (379, "last_successful.acknowledged_cancelled"): (
        "cea7f5b2-5f06-4a7f-bd11-2bd64faedfb0",
        None,
    ),
    (403, "last_successful.acknowledged_cancelled"): (
        "10340f24-42ad-4bf7-9a7f-d8b98a9b1838",
        None,
    ),
    (411, "last_successful.notified"): ("37b590d8-eb89-4783-910f-4301ad17c0f3", None),
    (419, "last_successful.linked"): ("f3e479c3-570c-48ec-8fe0-dc933c1762ae", None),
    (427, "last_successful.cancel"): ("2352d9bf-cc86-4c82-9217-e719b85bc38d", None),
}

SAME_INSTANT_COUNTS: Differences = {
    (211, "learner_acknowledged"): (False, True),
    (211, "action_learner_acknowledged.697ece15-2410-4f8c-937a-165788c69b03"): (
        False,
        True,
    ),
}

NOTHING_RAISES: Differences = {
    (187, "learner_acknowledged"): (RAISES, True),
    (187, "should_acknowledge_expired"): (RAISES, [False, True]),
    (187, "action_learner_acknowledged.8e010a13-4966-400b-8293-1645813b8e2a"): (
        RAISES,
        True,
    ),
    (203, "action_learner_acknowledged.f452a3e1-88be-40fd-9c70-7de7ff928b69"): (
        RAISES,
        True,
    ),
    (219, "learner_acknowledged"): (RAISES, False),
    (219, "should_acknowledge_cancelled"): (RAISES, [True, False]),
    (219, "action_learner_acknowledged.0dad8d1d-2425-4d1c-84bb-3f5c441e5e4b"): (
        RAISES,
        False,
    ),
    (347, "action_learner_acknowledged.afa6f991-323c-4a87-acfa-a94143abd0e6"): (
        RAISES,
        True,
    ),
    (403, "action_learner_acknowledged.cda31bcb-7082-4813-9cde-06224f03dc9d"): (
        RAISES,
        True,
    ),
    (427, "action_learner_acknowledged.2352d9bf-cc86-4c82-9217-e719b85bc38d"): (
        RAISES,
        True,
    ),
}

ANY_ACKNOWLEDGEMENT_WITHOUT_AN_END: Differences = {
    (179, "learner_acknowledged"): (False, True),
    (179, "should_acknowledge_expired"): ([True, False], [False, True]),
    (251, "learner_acknowledged"): (False, True),
    (251, "should_acknowledge_cancelled"): ([True, False], [False, True]),
    (347, "learner_acknowledged"): (False, True),
    (347, "should_acknowledge_cancelled"): ([True, False], [False, True]),
}

FAILED_REMINDER_REMINDS_NOBODY: Differences = {
    (155, "annotations.most_recent_reminder"): (
        "2024-03-01T01:22:00.000000Z",
        "2024-03-01T01:00:00.000000Z",
    ),
    (155, "annotations.recent_action_time"): (
        "2024-03-01T01:22:00.000000Z",
        "2024-03-01T01:00:00.000000Z",
    ),
    (371, "annotations.most_recent_reminder"): (
        "2024-03-02T03:03:00.000000Z",
        "0001-01-01T00:00:00.000000Z",
    ),
    (371, "annotations.recent_action"): ("reminded", "assigned"),
    (371, "annotations.recent_action_time"): (
        "2024-03-02T03:03:00.000000Z",
        "2024-03-01T01:11:00.000000Z",
    ),
}

TIE_SAYS_REMINDED: Differences = {
    (395, "annotations.recent_action"): (None, "reminded"),
    (395, "annotations.recent_action_time"): (None, "2024-03-02T23:52:00.553661Z"),
}

IN_PROGRESS_SAYS_NOTIFYING: Differences = {
    (411, "annotations.learner_state"): ("failed", "notifying"),
}

DIFFERENCES: Differences = {
    **IN_PROGRESS_IS_NO_SUCCESS,
    **SAME_INSTANT_COUNTS,
    **NOTHING_RAISES,
    **ANY_ACKNOWLEDGEMENT_WITHOUT_AN_END,
    **FAILED_REMINDER_REMINDS_NOBODY,
    **TIE_SAYS_REMINDED,
    **IN_PROGRESS_SAYS_NOTIFYING,
}
