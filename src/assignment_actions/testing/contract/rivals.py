"""R7, R12, R20, R94, R96: threads share a repository; one of many rivals wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from assignment_actions.domain.action import Action
from assignment_actions.domain.errors import DuplicateActionError
from assignment_actions.domain.filters import ActionFilter
from assignment_actions.domain.ports import ActionRepository
from assignment_actions.testing.factories import a_failure, a_moment, an_action

T = TypeVar("T")

RIVALS = 4
ROUNDS = 5


class RivalClauses:
    """What holds where threads do the same thing at the same time."""

    def test_r7_threads_share_a_repository(self, repository: ActionRepository) -> None:
        """R7: what several threads add at once is all stored."""
        batches = [[an_action() for _ in range(5)] for _ in range(RIVALS)]

        def add(number: int) -> None:
            for action in batches[number]:
                repository.add(action)
                repository.timelines([action.assignment_id])

        at_once(add)

        assert RIVALS * 5 == repository.count(ActionFilter())

    def test_r12_one_of_many_rivals_takes_a_key(
        self, repository: ActionRepository
    ) -> None:
        """R12: of many threads that add one attempt under one key, one succeeds."""
        for _ in range(ROUNDS):
            first = an_action(key="k")
            rivals = [an_action(first.assignment_id, key="k") for _ in range(RIVALS)]

            won = at_once(partial(added_one_of, repository, rivals))

            assert 1 == won.count(True)
            assert [rivals[won.index(True)]] == list(
                repository.timelines([first.assignment_id])[first.assignment_id]
            )

    def test_r11_one_of_many_rivals_takes_an_id(
        self, repository: ActionRepository
    ) -> None:
        """R11: of many threads that add the same id, one succeeds."""
        action = an_action()
        rivals = [
            an_action(action.assignment_id, id=action.id, actor=f"rival {number}")
            for number in range(RIVALS)
        ]

        won = at_once(partial(added_one_of, repository, rivals))

        assert 1 == won.count(True)
        assert rivals[won.index(True)] == repository.get(action.id)

    def test_r20_one_of_many_rivals_completes(
        self, repository: ActionRepository
    ) -> None:
        """R20: of many threads that complete one action, one is told True."""
        for _ in range(ROUNDS):
            started = an_action()
            repository.add(started)
            rivals = completions(started)

            won = at_once(partial(completed_by_one_of, repository, rivals))

            assert 1 == won.count(True)
            assert rivals[won.index(True)] == repository.get(started.id)

    def test_r94_rivals_scrub_each_action_once(
        self, repository: ActionRepository
    ) -> None:
        """R94: of threads that scrub the same in any order, one counts each."""
        actions = [an_action(actor="ann", key=f"k{number}") for number in range(20)]
        repository.add(*actions)

        counts = at_once(lambda one: repository.scrub(*turned(actions, one)))

        assert len(actions) == sum(counts)
        assert [] == list(repository.search(ActionFilter(), None, 9))

    def test_r92_a_rivals_completion_is_not_lost(
        self, repository: ActionRepository
    ) -> None:
        """R92: an outcome that is stored while others scrub stays, and is facts."""
        for _ in range(ROUNDS):
            started = an_action(key="k", actor="ann")
            done = started.fail(a_failure(), at=a_moment(1))
            repository.add(started)

            at_once(partial(completed_or_scrubbed, repository, done))
            repository.scrub(started)

            assert done.scrubbed() == repository.get(started.id)

    def test_r96_rivals_delete_each_action_once(
        self, repository: ActionRepository
    ) -> None:
        """R96: of threads that delete the same in any order, one counts each."""
        actions = [an_action(status="succeeded", key="k") for _ in range(20)]
        repository.add(*actions)

        counts = at_once(lambda one: repository.delete(*turned(actions, one)))

        assert (len(actions), 0) == (sum(counts), repository.count(ActionFilter()))


def turned(actions: list[Action], number: int) -> list[Action]:
    """Return the same actions in another order for each number."""
    start = number * len(actions) // RIVALS
    ordered = actions[start:] + actions[:start]
    return ordered[::-1] if number % 2 else ordered


def completed_or_scrubbed(
    repository: ActionRepository, done: Action, number: int
) -> None:
    """Complete an action in one thread, and scrub it in all others."""
    if number:
        repository.scrub(done)
    else:
        repository.complete(done)


def completions(started: Action) -> list[Action]:
    """Return rival outcomes of one action, each different."""
    return [
        started.succeed(at=a_moment(number))
        if number % 2
        else started.fail(a_failure(), at=a_moment(number))
        for number in range(RIVALS)
    ]


def added_one_of(
    repository: ActionRepository, rivals: list[Action], number: int
) -> bool:
    """Add one of several actions; tell whether it was stored."""
    try:
        repository.add(rivals[number])
    except DuplicateActionError:
        return False
    return True


def completed_by_one_of(
    repository: ActionRepository, rivals: list[Action], number: int
) -> bool:
    """Store one of several outcomes; tell whether it was stored."""
    return repository.complete(rivals[number])


def at_once(work: Callable[[int], T]) -> list[T]:
    """Return what the same work answers in several threads that start together."""
    start = threading.Barrier(RIVALS)

    def run(number: int) -> T:
        start.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(RIVALS) as pool:
        return list(pool.map(run, range(RIVALS)))
