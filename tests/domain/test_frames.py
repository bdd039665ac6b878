import traceback
from typing import Any

import attrs
import pytest
from domain import faults
from hypothesis import example, given
from hypothesis import strategies as st

from assignment_actions import Failure
from assignment_actions.domain.frames import (
    Frame,
    frames_in,
    is_in,
    lines_of,
    rewritten,
    without_messages,
)

HOST = "/srv/host/mail/smtp.py"
INSTALLED = "/srv/.venv/lib/python3.12/site-packages/host_tools/retry.py"
LIBRARY = "/usr/lib/python3.12/smtplib.py"
TEXT = f"""Traceback (most recent call last):
  File "{HOST}", line 7, in send
    deliver(message)
    ~~~~~~~^^^^^^^^^
  File "{INSTALLED}", line 70, in deliver
  File "<frozen runpy>", line 88, in _run_code
  File "{LIBRARY}", line 700, in sendmail
    raise SMTPServerDisconnected()
smtplib.SMTPServerDisconnected: gone
"""
ANY_LINE = st.sampled_from(
    [
        "Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        '  File "a.py", line 1, in f',
        '  |   File "a.py", line 1, in f',
        "    source()",
        "  |     source()",
        "    ^^^^",
        "ValueError: no",
        "ValueError",
        "  | ExceptionGroup: g (1 sub-exception)",
        "  +-+---------------- 1 ----------------",
        "    +---------------- ... ----------------",
        "    | and 5 more exceptions",
        "    +------------------------------------",
        "The above exception was the direct cause of the following exception:",
        "  [… cut …]",
        "  [… 5 frames left out …]",
        "  [Previous line repeated 9 more times]",
        "",
        "  ",
        "  | ",
        "| a | b |",
    ]
) | st.text(st.characters(exclude_categories=[]), max_size=20)
ANY_STACKTRACE = st.lists(ANY_LINE, max_size=30).map("\n".join)


def failure(stacktrace: str | None) -> Failure:
    """Return a failure with a stacktrace given as text."""
    return Failure(reason="timeout", stacktrace=stacktrace)


class TestFrame:
    def test_is_frozen(self) -> None:
        """A frame is data."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            Frame("a.py", 1, "f").line = 2  # type: ignore[misc]


class TestHostFrames:
    def test_hosts_own_code(self) -> None:
        """Without packages: neither library, nor installed, nor frozen."""
        expected = (Frame(HOST, 7, "send", "deliver(message)"),)

        assert expected == failure(TEXT).frames()

    @pytest.mark.parametrize("text", [None, "", "Traceback:\n", "no frames\n"])
    def test_nothing_to_show(self, text: str | None) -> None:
        """Where there are no frames there are none."""
        assert () == failure(text).frames()

    def test_of_an_exception(self) -> None:
        """Frames come in the order of the text, the innermost last."""
        frames = Failure.from_exception(faults.caught(faults.with_cause)).frames()

        assert ["with_cause", "divide", "caught", "with_cause"] == [
            frame.function for frame in frames
        ]
        assert "raise RuntimeError" in frames[-1].source
        assert {"faults.py"} == {frame.path.rpartition("/")[2] for frame in frames}

    def test_in_groups(self) -> None:
        """Frames of members count as well, without what is drawn beside them."""
        members = [faults.caught(faults.divide, 1), faults.caught(faults.with_context)]
        error = BaseExceptionGroup("g", [BaseExceptionGroup("h", members)])

        frames = Failure.from_exception(error).frames()

        assert ["caught", "divide", "with_context", "divide", "caught"] == [
            frame.function for frame in frames[:5]
        ]
        assert frames[1].source == "return number / (len(hidden) - 11)"

    def test_of_python_itself(self) -> None:
        """The text that Python prints shows the same frames."""
        error = BaseExceptionGroup("g", [faults.caught(faults.with_cause)])

        printed = failure("".join(traceback.format_exception(error))).frames()

        assert Failure.from_exception(error).frames() == printed

    def test_of_a_text_that_was_cut(self) -> None:
        """What is left at both ends of a cut is shown."""
        frame = '  File "/srv/{}.py", line 1, in f\n    source()\n'
        text = "Traceback (most recent call last):\n" + "".join(
            frame.format(number) for number in range(2_000)
        )

        frames = failure(f"{text}ValueError: no\n").frames()

        assert "/srv/0.py" == frames[0].path
        assert "/srv/1999.py" == frames[-1].path
        assert {"source()"} == {frame.source for frame in frames if frame.source}


class TestPackages:
    @pytest.mark.parametrize(
        ("package", "paths"),
        [
            ("host", [HOST]),
            ("host.mail", [HOST]),
            ("host.mail.smtp", [HOST]),
            ("mail", [HOST]),
            ("host_tools", [INSTALLED]),
            ("smtplib", [LIBRARY]),
            ("ost", []),
            ("host.mail.smtp.x", []),
            ("host.smtp", []),
        ],
    )
    def test_by_dotted_name(self, package: str, paths: list[str]) -> None:
        """A package is part of a path, wherever it is installed."""
        assert paths == [frame.path for frame in failure(TEXT).frames(package)]

    def test_several(self) -> None:
        """Frames of any of them come, in the order of the text."""
        frames = failure(TEXT).frames("smtplib", "host")

        assert [HOST, LIBRARY] == [frame.path for frame in frames]

    @pytest.mark.parametrize(
        "path",
        [
            r"C:\app\host\mail.py",
            r"\\server\share\host\mail.cp312-win_amd64.pyd",
            "host/mail/__init__.py",
            "host/mail.py",
            "/srv/host.zip/host/mail.pyc",
        ],
    )
    def test_on_every_system(self, path: str) -> None:
        """Separators and suffixes do not matter."""
        assert is_in("host.mail", path)


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            r"C:\Program Files\host\new.py",
            '/srv/a"b", line 3, in c/x.py',
            "/srv/host/été 😀.py",
            "<string>",
            "",
            "  | x.py",
        ],
    )
    def test_any_path(self, path: str) -> None:
        """A path may hold blanks, quotes and what looks like the end of it."""
        text = f'Traceback (most recent call last):\n  File "{path}", line 5, in f\n'

        assert (Frame(path, 5, "f"),) == failure(text).frames()

    def test_a_path_of_two_lines(self) -> None:
        """A line end in a path is written as an escape, so that it stays one line."""
        error = faults.caught(eval, compile("1/0", "/srv/a\nb.py", "eval"))

        assert r"/srv/a\nb.py" == Failure.from_exception(error).frames()[-1].path

    @pytest.mark.parametrize("line", ["0x5", "-1", "9" * 5_000, "٣"])
    def test_odd_line_numbers(self, line: str) -> None:
        """What is no plain number is no frame."""
        assert () == failure(f'Traceback\n  File "a.py", line {line}, in f').frames()


class TestMessages:
    @pytest.mark.parametrize(
        "message",
        [
            'no\n  File "fake.py", line 1, in fake\n    secret()',
            '  | no\n  |   File "fake.py", line 1, in fake',
        ],
    )
    def test_are_no_frames(self, message: str) -> None:
        """What looks like a frame in a message is none."""
        frames = failure(f"{TEXT[:-1]}{message}\n").frames("fake")

        assert () == frames

    def test_are_no_frames_before_any_header(self) -> None:
        """A text that begins with a message has frames only below a header."""
        text = 'no\n  File "fake.py", line 1, in fake\n'

        assert () == failure(text).frames()
        assert 1 == len(failure(f"{text}{TEXT}").frames())

    def test_source_that_looks_like_a_frame(self) -> None:
        """The line below a frame is its source, whatever it looks like."""
        source = 'File "fake.py", line 1, in fake'
        text = f'Traceback:\n  File "a.py", line 5, in f\n    {source}\nE: x\n'

        assert (Frame("a.py", 5, "f", source),) == failure(text).frames()


class TestAnyText:
    @given(ANY_STACKTRACE)
    @example('  File "a", line 1, in f\r\n    x\r\n')
    def test_never_raises(self, text: str) -> None:
        """Whatever the text, its frames are read."""
        for frame in frames_in(text):
            assert frame.path in text
        assert failure(text).frames("a") is not None

    @given(ANY_STACKTRACE)
    def test_lines_are_the_text(self, text: str) -> None:
        """Nothing is lost or added when a text is read."""
        read = "\n".join(line.margin + line.text for line in lines_of(text))

        assert text == read
        assert text == rewritten(text, lambda block: block)

    @given(ANY_STACKTRACE)
    def test_without_messages_is_stable(self, text: str) -> None:
        """What is left without messages is left again, and came from the text."""
        kept = without_messages(text)

        assert kept == without_messages(kept)

    @pytest.mark.parametrize(
        "piece",
        [
            " ",
            "| ",
            "  | ",
            '  File "',
            '", line 1',
            '  File "a", line 1, in f\n',
            "/lib/python3",
            "a.",
            "a/",
            "+-",
            "Error",
            "9",
        ],
    )
    def test_returns_on_hostile_text(self, piece: str) -> None:
        """One megabyte of what almost is a frame comes to an end."""
        text = "Traceback\n" + piece * (1_000_000 // len(piece))

        assert without_messages(text) is not None
        assert len([*frames_in(text)]) in (0, text.count("\n") - 1)


def raise_group(error: BaseException) -> None:
    """Raise a group of one."""
    raise BaseExceptionGroup("g", [error])


def from_python(error: BaseException) -> str:
    """Return what Python prints, without messages."""
    return without_messages("".join(traceback.format_exception(error)))


class TestWithoutMessages:
    @pytest.mark.parametrize(
        "fault", [faults.with_cause, faults.with_context, faults.divide]
    )
    def test_is_what_capture_without_messages_writes(self, fault: Any) -> None:
        """A failure captured with its messages loses them all, and nothing else."""
        error = faults.caught(fault, *([1] if fault is faults.divide else []))
        error.add_note("seen by jo@example.com")
        group = faults.caught(raise_group, error)

        expected = Failure.from_exception(group, store_messages=False)

        assert expected == Failure.from_exception(group).without_messages()
        assert expected.stacktrace == from_python(group)

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            (TEXT, "smtplib.SMTPServerDisconnected\n"),
            (f"{TEXT}hunter2\nKeyError: hunter2\n", "smtplib.SMTPServerDisconnected\n"),
            (f"{TEXT[:-1]}\n  File hunter2\n", "smtplib.SMTPServerDisconnected\n"),
            ('  File "a.py", line 1, in f\nhunter2\n', "in f\n"),
            ('  File "a.py", line 1, in f\nhost.Full: hunter2\n', "\nhost.Full\n"),
            ("ValueError: hunter2\n", "ValueError\n"),
            ("host.Full: hunter2\n", ""),
            ("ValueError: hunter2\nKeyError: hunter2\n", "ValueError\n"),
            ("hunter2\n", ""),
            ("hunter2: hunter2\n", ""),
            ("Traceback of hunter2\n", ""),
            ("Traceback (most recent call last):\nhunter2\n", "last):\n"),
            ("Traceback:\n  hunter2\n", ""),
            ("  [… cut …]\nhunter2\n", "  [… cut …]\n"),
            ("  [… hunter2 …]\n", ""),
            ("  +---- hunter2 ----\n", ""),
            ('  File "a.py", line 1, in f\n  hunter2 = 5\n', "in f\n"),
            ('  File "a.py", line 1, in f\n    f()\n    hunter2 = 5\n', "    f()\n"),
        ],
    )
    def test_in_doubt_nothing(self, text: str, kept: str) -> None:
        """Only what is certainly a frame, a type or structure stays."""
        result = failure(text).without_messages().stacktrace or ""

        assert "hunter2" not in result
        assert result.endswith(kept)

    def test_what_else_stays(self) -> None:
        """Reason, type and fingerprint stay, the message goes."""
        given = Failure(
            reason="timeout", exception_type="E", message="m", truncated=True
        )

        result = given.without_messages()

        assert attrs.evolve(given, message="") == result


class TestRedactedText:
    def test_a_member_of_a_group_is_redacted_without_its_margin(self) -> None:
        """A secret on the line after its key is found beside a margin too."""
        text = "  | E: pwd:\n  | hunter2\n  +-+----\n    | F: pwd:\n    | hunter3\n"

        result = failure(text).redacted(lambda block: block.replace(":\nhunter", ""))

        assert "  | E: pwd2\n  +-+----\n    | F: pwd3\n" == result.stacktrace
