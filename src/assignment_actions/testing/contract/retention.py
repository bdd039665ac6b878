"""The recorder's promises about what is kept no longer, and what must stay."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from assignment_actions.domain.action import Action
from assignment_actions.domain.erasure import ErasureReport
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.kept import KeptOutcomes
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.domain.recorder import ActionRecorder
from assignment_actions.domain.retention import Retention, RetentionPolicy
from assignment_actions.testing.factories import FixedClock, a_moment, an_action

ALL = ActionFilter()
DAY = timedelta(days=1)
A_DAY = RetentionPolicy([Retention(DAY)])
OLD = a_moment(-90_000)


class RetentionRules:
    """What `purge` promises."""

    def test_what_is_old_goes(
        self, recorder: ActionRecorder, repository: ActionRepository, clock: FixedClock
    ) -> None:
        """Age counts from created_at; what is exactly as old as allowed stays."""
        ages = [timedelta(0), DAY, DAY + timedelta(microseconds=1), 9 * DAY]
        actions = [ended(created_at=clock.now - age) for age in ages]
        repository.add(*actions)

        report = recorder.purge(A_DAY, actor="cron")

        assert (
            ErasureReport(
                kind="purge",
                actor="cron",
                is_dry_run=False,
                started_at=clock.now,
                ended_at=clock.now,
                actions=2,
            )
            == report
        )
        assert actions[:2] == list(repository.find(ALL, 9))

    def test_what_is_in_progress_stays(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Without statuses every status is meant but in_progress."""
        running = an_action(created_at=OLD)
        repository.add(
            running,
            *(
                an_action(status=status, created_at=OLD)
                for status in ("succeeded", "failed", "unknown")
            ),
        )

        assert 3 == recorder.purge(A_DAY).actions
        assert [running] == list(repository.find(ALL, 9))

    def test_what_is_in_progress_goes_where_it_is_named(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Named, in_progress is a status like any other; the report tells how many."""
        repository.add(an_action(created_at=OLD), done := ended(created_at=OLD))
        policy = RetentionPolicy([Retention(DAY, statuses=["in_progress"])])

        report = recorder.purge(policy)

        assert (1, 1) == (report.actions, report.in_progress)
        assert [done] == list(repository.find(ALL, 9))

    def test_tries_under_a_key_go_together(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """As long as a try is kept so are all under its key: nothing starts again."""
        first = an_action(status="failed", created_at=OLD, key="k")
        second = attrs.evolve(
            ended(created_at=OLD, key="k"),
            assignment_id=first.assignment_id,
            attempt=2,
        )
        repository.add(
            first, second, other := an_action(status="failed", created_at=OLD)
        )
        failures = RetentionPolicy([Retention(DAY, statuses=["failed"])])

        assert 1 == recorder.purge(failures).actions
        assert other.id not in {one.id for one in repository.find(ALL, 9)}
        with pytest.raises(DuplicateActionError):
            recorder.start(first.assignment_id, first.action_type, key="k")
        assert 2 == recorder.purge(A_DAY).actions

    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_first_rule_decides(
        self,
        recorder: ActionRecorder,
        repository: ActionRepository,
        is_reversed: bool,  # noqa: FBT001  # a case
    ) -> None:
        """Of several rules about an action the first says how long it is kept."""
        rules = [Retention(3 * DAY, types=["redeemed"]), Retention(DAY)]
        redeemed = ended(created_at=OLD, action_type="redeemed")
        repository.add(redeemed, ended(created_at=OLD))

        report = recorder.purge(RetentionPolicy(rules[::-1] if is_reversed else rules))

        left = [] if is_reversed else [redeemed]
        assert (2 - len(left), left) == (report.actions, [*repository.find(ALL, 9)])

    def test_for_ever_is_for_ever(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """What a rule keeps for ever, a later rule does not let go."""
        kept = ended(created_at=a_moment(-9e8), action_type="redeemed")
        repository.add(kept, ended(created_at=OLD))
        policy = RetentionPolicy(
            [Retention(None, types=["redeemed"]), Retention(timedelta(0))]
        )

        assert 1 == recorder.purge(policy).actions
        assert [kept] == list(repository.find(ALL, 9))

    def test_what_no_rule_is_about_stays(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Types and statuses that no rule names are kept; retired types may be."""
        reminded = ended(created_at=OLD, action_type="reminded")
        failed = an_action(created_at=OLD, status="failed", action_type="retired_type")
        repository.add(
            reminded, failed, ended(created_at=OLD, action_type="retired_type")
        )
        rule = Retention(DAY, statuses=["succeeded"], types=["retired_type"])

        assert 1 == recorder.purge(RetentionPolicy([rule])).actions
        assert {reminded.id, failed.id} == {one.id for one in repository.find(ALL, 9)}

    def test_what_is_on_hold_stays(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """A hold keeps all about an assignment, whatever the rules say, and is told."""
        held = [ended(created_at=OLD - number * DAY) for number in range(2)]
        repository.add(*held, ended(created_at=OLD))
        policy = attrs.evolve(A_DAY, hold=[one.assignment_id for one in held])

        report = recorder.purge(policy)

        assert (1, 2) == (report.actions, report.held)
        assert held == list(repository.find(ALL, 9))

    def test_a_dry_run_purges_nothing(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """It reports what the run that follows reports, and leaves all as it is."""
        actions = [ended(created_at=OLD - number * DAY) for number in range(5)]
        repository.add(*actions)
        policy = attrs.evolve(A_DAY, hold=[actions[2].assignment_id])

        rehearsed = recorder.purge(policy, dry_run=True, batch_size=2)

        assert (4, 1) == (rehearsed.actions, rehearsed.held)
        assert actions == list(repository.find(ALL, 9))
        done = recorder.purge(policy, batch_size=2)
        assert attrs.evolve(rehearsed, is_dry_run=False) == done

    def test_a_purge_that_was_interrupted_goes_on(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """Killed between two batches and started again, it ends the same."""
        held = [ended(created_at=OLD - number * DAY) for number in range(3)]
        young = ended()
        repository.add(
            young, *held, *(ended(created_at=OLD - it * DAY / 3) for it in range(7))
        )
        policy = attrs.evolve(A_DAY, hold=[one.assignment_id for one in held])
        said: list[ErasureReport] = []

        def interrupt(report: ErasureReport) -> None:
            said.append(report)
            if len(said) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            recorder.purge(policy, batch_size=2, on_progress=interrupt)
        rest = recorder.purge(policy, batch_size=2)

        assert 7 == said[-1].actions + rest.actions
        assert [young, *held] == list(repository.find(ALL, 99))

    def test_what_waits_is_left_alone(
        self,
        make_recorder: type[ActionRecorder],
        repository: ActionRepository,
        clock: FixedClock,
    ) -> None:
        """What waits for the store is younger than what it waits for."""
        journal = KeptOutcomes()
        recorder = make_recorder(repository, clock=clock, journal=journal)
        repository.add(ended(created_at=OLD))
        journal.keep(waiting := ended(created_at=OLD))

        report = recorder.purge(A_DAY)

        assert (1, 0, [waiting]) == (report.actions, report.kept, [*journal])

    def test_no_rule_purges_nothing(
        self, recorder: ActionRecorder, repository: ActionRepository
    ) -> None:
        """A policy without rules, and one that began before time, keep everything."""
        repository.add(action := ended(created_at=a_moment(-9e9)))
        for rules in ([], [Retention(timedelta.max)], [Retention(None)]):
            assert 0 == recorder.purge(RetentionPolicy(rules)).actions

        assert [action] == list(repository.find(ALL, 9))


def ended(**changes: object) -> Action:
    """Return an action that has succeeded."""
    return an_action(status="succeeded", **changes)
