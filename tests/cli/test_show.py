from __future__ import annotations

import pytest

from .conftest import Recorded, Run


class TestFrames:
    def test_own_are_the_hosts(self, run: Run, recorded: Recorded) -> None:
        """`--own` leaves out what is installed or of the standard library."""
        answer = run("show", recorded.failed, "--own", "--db", recorded.url)

        assert 0 == answer.status
        assert "Frames in the host's own code, the innermost last:" in answer.out
        assert "in _connect" in answer.out
        assert "Traceback" not in answer.out

    def test_of_a_package(self, run: Run, recorded: Recorded) -> None:
        """`--frames` names the packages that count; programs get the frames."""
        words = ["--frames", "nobody.here", "--frames", "cli.conftest", "--json"]
        answer = run("show", recorded.failed, *words, "--db", recorded.url)

        frames = answer.document["frames"]
        assert ["recorded", "_connect"] == [one["function"] for one in frames]
        assert ["path", "line", "function", "source"] == list(frames[0])

    def test_of_nobody(self, run: Run, recorded: Recorded) -> None:
        """Where no frame is in a package, that is said."""
        words = ["--frames", "nobody.here", "--db", recorded.url]
        answer = run("show", recorded.failed, *words)

        assert 0 == answer.status
        assert "No frame is in nobody.here" in answer.out

    def test_of_what_did_not_fail(self, run: Run, recorded: Recorded) -> None:
        """Without a failure there are none."""
        words = ["--own", "--json", "--db", recorded.url]

        assert [] == run("show", recorded.overdue, *words).document["frames"]

    def test_one_way_or_the_other(self, run: Run, recorded: Recorded) -> None:
        """Own code and named packages exclude each other."""
        words = ["--own", "--frames", "host", "--db", recorded.url]

        assert 64 == run("show", recorded.failed, *words).status


@pytest.mark.parametrize("action_type", ["", "x" * 256])
def test_timeline_refuses_a_type_that_is_none(
    run: Run, recorded: Recorded, action_type: str
) -> None:
    """A type of no or too many characters is a usage error, not a defect."""
    words = ["--type", action_type, "--db", recorded.url]

    assert 64 == run("timeline", recorded.assignment, *words).status
