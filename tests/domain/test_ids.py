import os
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest
from domain.samples import T0
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions.domain.ids import Uuid7Factory, uuid7

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # the zone comes separately
    timezones=st.just(UTC),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FORKED = """
import os
from datetime import UTC, datetime
from assignment_actions.domain.ids import Uuid7Factory
new_id, moment = Uuid7Factory(), datetime.now(UTC)
os.write(1, b"".join(b"%x " % new_id(moment).int for _ in range(5)))
child = os.fork()
os.write(1, b"".join(b"%x " % new_id(moment).int for _ in range(5)))
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""
FORKED_AMONG_THREADS = """
import os, signal, threading
from datetime import UTC, datetime
from assignment_actions.domain.ids import Uuid7Factory
new_id, moment = Uuid7Factory(), datetime.now(UTC)
def work():
    while True:
        new_id(moment)
threading.Thread(target=work, daemon=True).start()
def fork():
    child = os.fork()
    if not child:
        signal.alarm(10)
        new_id(moment)
        os._exit(0)
    return os.waitpid(child, 0)[1]
print([fork() for _ in range(5)], flush=True)
os._exit(0)
"""


class TestUuid7:
    def test_vector_of_the_rfc(self) -> None:
        """The example of RFC 9562, appendix A.6, comes out."""
        expected = UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")

        assert expected == uuid7(0x017F22E279B0, 0xCC3, 0x18C4DC0C0C07398F)

    def test_is_as_any_other(self) -> None:
        """It is a UUID of the standard library: frozen, hashed, printed, pickled."""
        made = uuid7(1, 2, 3)
        plain = UUID(int=made.int)

        assert UUID is type(made)
        assert (plain, hash(plain), repr(plain)) == (made, hash(made), repr(made))
        assert pickle.dumps(plain) == pickle.dumps(made)
        assert plain == pickle.loads(pickle.dumps(made))
        assert plain.is_safe is made.is_safe
        with pytest.raises(TypeError, match="immutable"):
            made.int = 5  # type: ignore[misc]


class TestUuid7Factory:
    @given(MOMENTS)
    def test_version_and_variant(self, moment: datetime) -> None:
        """Every id is a UUID of version 7 in the RFC's variant."""
        made = Uuid7Factory()(moment)

        assert (made.version, made.variant) == (7, RFC_4122)

    @given(MOMENTS)
    def test_time_can_be_read_back(self, moment: datetime) -> None:
        """Milliseconds stand in the first 48 bits, their fraction in the next 12."""
        number = Uuid7Factory()(moment).int

        milliseconds, fraction = number >> 80, (number >> 64) & 0xFFF
        micros = milliseconds * 1000 + -(-fraction * 1000 // 4096)
        assert moment == EPOCH + timedelta(microseconds=micros)

    def test_increases_while_the_clock_stands(self) -> None:
        """Many ids of one moment come in increasing order."""
        new_id = Uuid7Factory()
        made = [new_id(T0) for _ in range(10_000)]

        assert sorted(set(made)) == made

    @given(st.lists(MOMENTS, max_size=30))
    def test_sorts_by_moment(self, moments: list[datetime]) -> None:
        """Ids of increasing moments increase, even within one millisecond."""
        new_id = Uuid7Factory()
        made = [new_id(moment) for moment in sorted(moments)]

        assert sorted(made) == made

    def test_steps_are_random(self) -> None:
        """Nobody can tell the next id from those before: no two steps are alike."""
        new_id = Uuid7Factory()
        made = [new_id(T0).int for _ in range(1_000)]

        steps = [after - before for before, after in pairwise(made)]
        assert 0 < min(steps) <= max(steps) < 2**33
        assert len(set(steps)) > 990

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
    def test_a_fork_goes_its_own_way(self) -> None:
        """A forked process repeats no id of its parent's, whose state it began with."""
        ran = subprocess.run(
            [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True
        )

        made = ran.stdout.split()
        assert 15 == len(made) == len(set(made))

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
    def test_a_fork_waits_for_no_thread(self) -> None:
        """A child makes ids although another thread was making one when it forked."""
        ran = subprocess.run(
            [sys.executable, "-c", FORKED_AMONG_THREADS],
            capture_output=True,
            text=True,
            check=False,
        )

        assert ("[0, 0, 0, 0, 0]\n", "") == (ran.stdout, ran.stderr)

    def test_threads_make_no_duplicate(self) -> None:
        """Eight threads that share a factory and a moment never get one id twice."""
        new_id, made = Uuid7Factory(), list[UUID]()
        start = threading.Barrier(8)

        def work() -> None:
            start.wait()
            made.extend([new_id(T0) for _ in range(2_000)])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert 16_000 == len(set(made)) == len(made)

    def test_before_1970_counts_as_1970(self) -> None:
        """A moment that version 7 cannot say gets the earliest time it can."""
        made = Uuid7Factory()(datetime.min.replace(tzinfo=UTC))

        assert made.int >> 80 == 0
        assert made.version == 7

    def test_far_future(self) -> None:
        """The last moment of the calendar fits."""
        new_id = Uuid7Factory()
        last = datetime.max.replace(tzinfo=UTC)

        assert new_id(T0) < new_id(last) < new_id(last)

    def test_tail_stays_within_its_bits(self) -> None:
        """However many ids one moment gets, version and variant stay intact."""
        new_id = Uuid7Factory(tail=2**62 - 2**32)

        last, first = new_id(T0), new_id(T0)

        assert (last.version, last.variant) == (7, RFC_4122)
        assert (first.version, first.variant) == (7, RFC_4122)
        assert first.int & (2**62 - 1) < 2**61 + 2**33 < last.int & (2**62 - 1)
