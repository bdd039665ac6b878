"""R80 to R83, R90: inside the caller's transaction, and when all is over."""

from __future__ import annotations

from typing import Any

import pytest

from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import a_moment, an_action

ALL = ActionFilter()


class JoinedClauses:
    """What `joined_to` promises, whether or not there is something to join."""

    def test_r80_a_joined_repository_sees_what_it_wrote(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R80: every question inside the transaction knows what was written in it."""
        joined = repository.joined_to(transaction)
        action = an_action()
        joined.add(action)
        done = action.succeed(at=a_moment(1))
        asked = [action.assignment_id]

        assert joined.complete(done) is True
        assert done == joined.get(action.id)
        assert [done] == list(joined.timelines(asked)[action.assignment_id])
        assert {action.assignment_id: done} == joined.latest_successes(asked)
        assert [done] == list(joined.find(ALL, 9))
        assert (1, {"succeeded": 1}) == (
            joined.count(ALL),
            dict(joined.count_by(ALL, "status")),
        )

    def test_r80_the_rules_hold_inside(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R80: a final outcome stands inside the transaction too."""
        joined = repository.joined_to(transaction)
        stored = an_action(status="succeeded")
        joined.add(stored)

        assert joined.complete(stored) is False
        assert stored == joined.get(stored.id)

    def test_r80_a_joined_repository_erases_what_it_wrote(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R80: searching, grouping, scrubbing and deleting go on inside it."""
        joined = repository.joined_to(transaction)
        first, second = (
            an_action(status="failed", key="k", created_at=a_moment(-it))
            for it in (0, 1)
        )
        joined.add(first, second)

        assert [first, second] == list(joined.search(ALL, ["mailbox"], 9))
        assert [2] == [group.count for group in joined.failure_groups()]
        assert (1, first.scrubbed()) == (joined.scrub(first), joined.get(first.id))
        assert [second] == list(joined.search(ALL, None, 9))
        assert (1, None) == (joined.delete(second), joined.get(second.id))
        joined.add(again := an_action(second.assignment_id, key="k"))
        assert again == joined.get(again.id)

    def test_r81_a_refusal_leaves_the_transaction_usable(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: after a duplicate, the transaction goes on and keeps what it had."""
        joined = repository.joined_to(transaction)
        first, other = an_action(key="k"), an_action()
        joined.add(first)

        with pytest.raises(DuplicateActionError):
            joined.add(an_action(), an_action(first.assignment_id, key="k"))
        joined.add(other)

        assert {first.id, other.id} == {action.id for action in joined.find(ALL, 9)}

    def test_r81_a_refusal_may_come_first(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: also where the refusal is the first thing in the transaction."""
        stored = an_action(key="k")
        repository.add(stored)
        joined = repository.joined_to(transaction)

        with pytest.raises(DuplicateActionError):
            joined.add(an_action(stored.assignment_id, key="k"))
        joined.add(other := an_action())

        assert other == joined.get(other.id)

    def test_r83_nothing_written_nothing_open(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R83: before anything was written, nothing waits for a decision."""
        joined = repository.joined_to(transaction)

        assert joined.is_open is False


class TransactionClauses(JoinedClauses):
    """What `joined_to` promises on a store with transactions."""

    def test_r81_nothing_is_committed_for_the_caller(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: the caller's rollback takes back what was written, and nothing else."""
        before = an_action()
        repository.add(before)
        repository.joined_to(transaction).add(an_action(), an_action())
        transaction.rollback()

        assert [before] == list(repository.find(ALL, 9))

    def test_r81_a_refusal_commits_nothing(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: neither does a refusal commit: a rollback after it takes all back."""
        joined = repository.joined_to(transaction)
        for changes in ({"key": "k"}, {"key": "other"}):
            stored = an_action(**changes)
            joined.add(stored)
            with pytest.raises(DuplicateActionError):
                joined.add(an_action(stored.assignment_id, id=stored.id))
        transaction.rollback()

        assert 0 == repository.count(ALL)

    def test_r81_the_callers_commit_makes_it_true(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: others see what was written once the caller has committed."""
        action = an_action()
        repository.joined_to(transaction).add(action)
        transaction.commit()

        assert action == repository.get(action.id)

    def test_r81_the_callers_rollback_takes_erasing_back(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: what was scrubbed or deleted inside it is there again, whole."""
        scrubbed, deleted = an_action(key="k"), an_action(key="k")
        repository.add(scrubbed, deleted)
        joined = repository.joined_to(transaction)

        assert (1, 1) == (joined.scrub(scrubbed), joined.delete(deleted))
        transaction.rollback()
        assert [scrubbed, deleted] == [
            repository.get(one.id) for one in (scrubbed, deleted)
        ]

    def test_r81_the_callers_commit_erases(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R81: once the caller has committed, what was erased is gone for all."""
        scrubbed, deleted = an_action(key="k"), an_action(key="k")
        repository.add(scrubbed, deleted)
        joined = repository.joined_to(transaction)
        joined.scrub(scrubbed)
        joined.delete(deleted)
        transaction.commit()

        assert [scrubbed.scrubbed()] == list(repository.find(ALL, 9))

    @pytest.mark.parametrize("verb", ["scrub", "delete"])
    def test_r83_open_while_an_erasure_is_undecided(
        self, repository: ActionRepository, transaction: Any, verb: str
    ) -> None:
        """R83: an erasure inside it waits for the caller's decision, like any write."""
        repository.add(action := an_action(key="k"))
        joined = repository.joined_to(transaction)
        getattr(joined, verb)(action)

        assert joined.is_open is True
        transaction.commit()
        assert joined.is_open is False

    def test_r83_open_while_the_transaction_is_undecided(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R83: once something was written it is open."""
        joined = repository.joined_to(transaction)
        joined.add(an_action())

        assert joined.is_open is True

    @pytest.mark.parametrize("end", ["commit", "rollback"])
    def test_r83_decided_once_the_transaction_has_ended(
        self, repository: ActionRepository, transaction: Any, end: str
    ) -> None:
        """R83: committed or rolled back, nothing is undecided any more."""
        joined = repository.joined_to(transaction)
        joined.add(an_action())
        getattr(transaction, end)()

        assert joined.is_open is False


class JoinsNothingClauses(JoinedClauses):
    """What `joined_to` promises on a store without transactions."""

    def test_r82_without_transactions_nothing_is_joined(
        self, repository: ActionRepository, transaction: Any
    ) -> None:
        """R82: where there is nothing to join, what was written is there at once."""
        action = an_action()
        joined = repository.joined_to(transaction)
        joined.add(action)

        assert (action, False) == (repository.get(action.id), joined.is_open)


class ClosingClauses:
    """What `close` promises."""

    def test_r90_closing_again_is_harmless(self, repository: ActionRepository) -> None:
        """R90: a repository may be closed twice, before and after it was used."""
        repository.add(an_action())

        assert [None, None] == [repository.close() for _ in range(2)]  # type: ignore[func-returns-value]
