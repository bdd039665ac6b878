"""One fault has one fingerprint however it varies; another fault has another."""

import linecache
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignment_actions import Failure
from assignment_actions.domain.fingerprint import (
    at_both_ends,
    file_name,
    fingerprint_of,
    identity,
)
from assignment_actions.domain.redaction import redact_defaults

SMTP = """
def sendmail(learner, *options):
    return rcpt({}, learner)

def rcpt(known, learner):
    return known[learner]
"""
NEWER_SMTP = """
def sendmail(learner, *options):
    a_new_step = {}
    return _send(a_new_step, learner)

def _send(known, learner):
    return known[learner]
"""
MAIL = '''{above}
MESSAGE, NOTES = {message}, {notes}

class MailError(Exception):
    """What the host raises."""

class Mailer:
    def remind(self, learner, attempts):
        if attempts:
            return self.again(learner, attempts - 1)
        try:{inside}
            return {line}
        except LookupError as error:
            raise noted(MailError(MESSAGE)) from error

    def again(self, learner, attempts):
        return self.remind(learner, attempts)

def noted(error):
    for note in NOTES:
        error.add_note(note)
    return error

def remind_all(learners, attempts):
    errors = []
    for learner in learners:
        try:
            Mailer().remind(learner, attempts)
        except MailError as error:
            errors.append(error)
    raise ExceptionGroup(f"{{len(errors)}} of {{len(learners)}}", errors)

def run(learners=("jo",), attempts=2):
    try:
        remind_all(learners, attempts)
    except Exception as error:
        return error
'''
LINE = "[sendmail(one, 'high', 1) for one in [learner]]"


class Loader:
    """Knows the source of a module that no file system has."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, name: str) -> str:
        return self._source if name else ""


def loaded(source: str, path: str, name: str, **names: object) -> ModuleType:
    """Return a module, its code compiled for a path that need not exist."""
    module = ModuleType(name)
    module.__dict__.update(names, __loader__=Loader(source))
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def the_fault(
    path: str,
    *,
    library: str = "/usr/lib/python3.11/smtplib.py",
    smtp: str = SMTP,
    code: dict[str, str] | None = None,
    **given: Any,
) -> BaseException:
    """Return the one fault, really raised by a module of this path, somehow varied."""
    defaults = {"above": "", "inside": "", "line": LINE, "message": "''", "notes": "()"}
    source = MAIL.format(**(defaults | (code or {})))
    sendmail = loaded(smtp, library, "smtplib").sendmail
    error: BaseException = loaded(source, path, "mail", sendmail=sendmail).run(**given)
    return error


def in_a_thread(path: str) -> BaseException:
    """Return the fault as another thread raises it."""
    errors: list[BaseException] = []
    thread = threading.Thread(target=lambda: errors.append(the_fault(path)))
    thread.start()
    thread.join()
    return errors[0]


VARIATIONS: dict[str, Callable[[str], BaseException]] = {
    "again": the_fault,
    "lines above": lambda p: the_fault(p, code={"above": "import os\n" * 30}),
    "lines inside": lambda p: the_fault(p, code={"inside": "\n            # why" * 9}),
    "comment": lambda p: the_fault(p, code={"line": f"{LINE}  # the first time"}),
    "blanks": lambda p: the_fault(p, code={"line": LINE.replace(", ", " ,  ")}),
    "number": lambda p: the_fault(p, code={"line": LINE.replace("1", "0x1f_ff")}),
    "text": lambda p: the_fault(p, code={"line": LINE.replace("'high'", 'rb"lo\\"w"')}),
    "message": lambda p: the_fault(p, code={"message": "'mailbox full'"}),
    "id": lambda p: the_fault(p, code={"message": "'learner 0192a3b4-7c1d-7e11'"}),
    "address": lambda p: the_fault(p, code={"message": "repr(object())"}),
    "lines in message": lambda p: the_fault(p, code={"message": "'a\\nTraceback:'"}),
    "message that is large": lambda p: the_fault(p, code={"message": "'x ' * 9999"}),
    "note": lambda p: the_fault(p, code={"notes": "['seen by worker 7']"}),
    "many notes": lambda p: the_fault(p, code={"notes": "map(str, range(40))"}),
    "folder": lambda _: the_fault("/home/jo/my work (new)/mail.py"),
    "zip": lambda _: the_fault("/srv/app.zip/mail.py"),
    "Windows": lambda _: the_fault(r"C:\Users\Jo\app\mail.py"),
    "one attempt": lambda p: the_fault(p, attempts=1),
    "attempts": lambda p: the_fault(p, attempts=7),
    "many attempts": lambda p: the_fault(p, attempts=150),
    "two members": lambda p: the_fault(p, learners=("jo", "mary")),
    "many members": lambda p: the_fault(p, learners=range(100)),
    "library elsewhere": lambda p: the_fault(p, library="/opt/lib/python3.13t/smtp.py"),
    "library of Fedora": lambda p: the_fault(p, library="/usr/lib64/python3.12/s.py"),
    "library of Windows": lambda p: the_fault(p, library=r"C:\Python313\Lib\smtp.py"),
    "library in a zip": lambda p: the_fault(p, library=r"C:\x\python312.zip\s.pyc"),
    "library that is frozen": lambda p: the_fault(p, library="<frozen smtplib>"),
    "library that is newer": lambda p: the_fault(p, smtp=NEWER_SMTP),
    "thread": in_a_thread,
}
# 100 KB of a text are cut in its middle before they are read
AS_TEXT = VARIATIONS.keys() - {"many attempts", "many members"}


@pytest.fixture(autouse=True)
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the sources of other tests: several modules have one path."""
    monkeypatch.setattr(linecache, "cache", {})


class TestOneFault:
    @pytest.mark.parametrize("variation", VARIATIONS)
    def test_has_one_fingerprint(
        self, tmp_path: Path, variation: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither texts nor lines, places, depth, number or libraries change it."""
        plain = Failure.from_exception(the_fault("/srv/app/mail.py"))
        monkeypatch.setattr(linecache, "cache", {})

        varied = Failure.from_exception(
            VARIATIONS[variation](str(tmp_path / "mail.py"))
        )

        assert plain.fingerprint == varied.fingerprint
        assert varied.frames("mail")

    @pytest.mark.parametrize("variation", sorted(AS_TEXT))
    def test_has_one_fingerprint_as_text(
        self, tmp_path: Path, variation: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The text that Python prints is of one kind too."""
        plain = as_text(the_fault("/srv/app/mail.py"))
        monkeypatch.setattr(linecache, "cache", {})

        varied = as_text(VARIATIONS[variation](str(tmp_path / "mail.py")))

        assert plain.fingerprint == varied.fingerprint

    @pytest.mark.parametrize(
        "kept",
        [
            {"redact": redact_defaults},
            {"redact": lambda _: "nothing"},
            {"store_messages": False},
        ],
        ids=["redacted", "removed", "without messages"],
    )
    def test_whatever_is_kept(self, kept: dict[str, Any]) -> None:
        """It is made before texts are redacted or left out."""
        error = the_fault("/srv/app/mail.py")

        expected = Failure.from_exception(error).fingerprint
        assert expected == Failure.from_exception(error, **kept).fingerprint
        assert expected == Failure.from_exception(error).without_messages().fingerprint

    def test_in_another_process(self, tmp_path: Path) -> None:
        """Modules imported from two folders by two processes have one fault."""
        found = {
            fingerprint_in_process(tmp_path / folder, seed)
            for folder, seed in (("a", "1"), ("b", "2"))
        }

        assert 1 == len(found)

    def test_pickled_and_raised_again(self) -> None:
        """Exceptions of other processes, raised again, are of one kind."""

        def raised_again(message: str) -> str:
            error = pickle.loads(pickle.dumps(LookupError(message)))
            try:
                raise error
            except LookupError as caught:
                return Failure.from_exception(caught).fingerprint

        assert raised_again("one") == raised_again("two")


def as_text(error: BaseException) -> Failure:
    """Return the failure of what Python prints."""
    text = "".join(traceback.format_exception(error))
    return Failure(
        reason="timeout", exception_type=type(error).__name__, stacktrace=text
    )


def fingerprint_in_process(folder: Path, seed: str) -> str:
    """Return what another process finds, which imports the module from a folder."""
    folder.mkdir()
    code = {"above": f"# folder {seed}\n" * int(seed) + "from smtp import sendmail\n"}
    defaults = {"inside": "", "line": LINE, "message": "repr(print)", "notes": "()"}
    (folder / "mail.py").write_text(MAIL.format(**(defaults | code)))
    (folder / "smtp.py").write_text(SMTP)
    search_path = os.pathsep.join([str(folder), *sys.path])
    script = (
        "import mail; from assignment_actions import Failure;"
        "print(Failure.from_exception(mail.run()).fingerprint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# Each fault by the functions of its module; `run` is called.
FAULTS = {
    "plain": "def run(): raise ValueError(1)",
    "other type": "def run(): raise TypeError(1)",
    "other type of host": "class E(Exception): pass\ndef run(): raise E(1)",
    "nested type": "def run():\n class E(Exception): pass\n raise E(1)",
    "other function": "def run(): step()\ndef step(): raise ValueError(1)",
    "other inner function": "def run(): inner()\ndef inner(): raise ValueError(1)",
    "nested function": "def run():\n def step(): raise ValueError(1)\n step()",
    "lambda": "def run(): (lambda: {}['a'])()",
    "other caller": "def run(): more()\ndef more(): step()\ndef step(): raise OSError",
    "one caller": "def run(): less()\ndef less(): step()\ndef step(): raise OSError",
    "other line": "def run(): raise ValueError(name)\nname = ''",
    "one call": "def run(): int('a')",
    "other call": "def run(): float('a')",
    "other argument": "def run(): int(name)\nname = 'a'",
    "method": "class A:\n def do(self): raise ValueError(1)\ndef run(): A().do()",
    "method of same name": (
        "class B:\n def do(self): raise ValueError(1)\nA = B\ndef run(): A().do()"
    ),
    "cause": (
        "def run():\n try: int('a')\n except ValueError as e: raise OSError() from e"
    ),
    "other cause": (
        "def run():\n try: [][0]\n except IndexError as e: raise OSError() from e"
    ),
    "cause elsewhere": (
        "def step(): int('a')\n"
        "def run():\n try: step()\n except ValueError as e: raise OSError() from e"
    ),
    "no cause": (
        "def run():\n try: int('a')\n except ValueError as e: raise OSError() from None"
    ),
    "group": "def run(): raise ExceptionGroup('g', [ValueError()])",
    "other members": "def run(): raise ExceptionGroup('g', [TypeError()])",
    "more members": "def run(): raise ExceptionGroup('g', [ValueError(), TypeError()])",
    "members of members": (
        "def run(): raise ExceptionGroup('g', [ExceptionGroup('g', [ValueError()])])"
    ),
    "recursion": "def run(n=9): run(n - 1) if n else int('a')",
    "endless recursion": "def run(): run()",
    "other endless recursion": "def run(): step()\ndef step(): run()",
    "generator": "def run(): list(int(a) for a in 'a')",
    "syntax": "def run(): compile('=', 'a', 'exec')",
    "assertion": "def run(): assert not 1",
}
INDISTINCT_AS_TEXT = {"method of same name", "nested function"}


def raised_by(
    source: str, *, path: str = "/srv/host/work.py", name: str = "work"
) -> BaseException:
    """Return what the function `run` of a module raises."""
    try:
        loaded(source, path, name).run()
    except Exception as error:  # noqa: BLE001  # whatever it raises
        # without the frame of this function
        return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    raise AssertionError("nothing was raised")


class TestOtherFaults:
    def test_have_other_fingerprints(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As many fingerprints as faults: types, places, calls, causes and members."""
        found = {}
        for fault, source in FAULTS.items():
            monkeypatch.setattr(linecache, "cache", {})
            found[fault] = Failure.from_exception(raised_by(source)).fingerprint

        assert [] == shared_by_several(found)

    def test_have_other_fingerprints_as_text(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A text tells all of them apart but classes of functions."""
        found = {}
        for fault in FAULTS.keys() - INDISTINCT_AS_TEXT:
            monkeypatch.setattr(linecache, "cache", {})
            found[fault] = as_text(raised_by(FAULTS[fault])).fingerprint

        assert [] == shared_by_several(found)

    def test_other_reason(self) -> None:
        """The reason counts."""
        error = raised_by(FAULTS["plain"])

        one, other = (
            Failure.from_exception(error, reason=reason).fingerprint
            for reason in ("timeout", "quota")
        )
        assert one != other

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/srv/host/play.py", "work"),
            ("/srv/host/work.py", "mail.work"),
            ("/srv/host/work.py", "shop.work"),
        ],
        ids=["file", "package", "other package"],
    )
    def test_other_file(self, path: str, name: str) -> None:
        """One function in two files, or in two packages, are two faults."""
        here, there = (
            Failure.from_exception(raised_by(FAULTS["plain"], **place)).fingerprint
            for place in ({}, {"path": path, "name": name})
        )
        assert here != there


def shared_by_several(found: dict[str, str]) -> list[str]:
    """Return the names of those whose fingerprint is also another's."""
    counts = Counter(found.values())
    return [name for name, fingerprint in found.items() if counts[fingerprint] > 1]


class TestEndlessRecursion:
    SOURCE = (
        "def run(n): return step(n) or step(n)\n"
        "def step(n): leaf(); return run(n)\n"
        "def leaf(): return bud()\n"
        "def bud(): return {}.get(1)\n"
        "def other(n): return run(n)\n"
    )

    def test_is_one_fault_wherever_it_ends(self) -> None:
        """Who called first, and which call was one too many, is chance."""
        module = loaded(self.SOURCE, "/srv/host/work.py", "work")

        def fingerprint(depth: int, function: Callable[[int], object]) -> str:
            if depth:
                return fingerprint(depth - 1, function)
            try:
                function(1)
            except RecursionError as error:
                return Failure.from_exception(error).fingerprint
            raise AssertionError("nothing was raised")

        found = {fingerprint(depth, module.run) for depth in range(12)}

        assert found == {fingerprint(3, module.other), fingerprint(4, module.step)}

    def test_of_the_library_is_its_callers(self) -> None:
        """Where only the library recurs, the host's own frames tell the fault."""
        library = ["~copy.py:deepcopy"] * 3

        one = identity("RecursionError", ["mail.py:send", *library], "copy(x)")
        other = identity("RecursionError", ["shop.py:pay", *library], "copy(x)")

        assert "RecursionError\nmail.py:send\n" == one
        assert one != other


class TestIdentity:
    def test_library_where_there_is_nothing_else(self) -> None:
        """Frames of the standard library count where no others are."""
        assert "E\n~queue.py:get\na" == identity("E", ["~queue.py:get"], "a")

    @pytest.mark.parametrize(
        "places",
        [
            ["a.py:f", "a.py:f.<locals>.<listcomp>"],
            ["a.py:f", "a.py:f.<locals>.<dictcomp>", "a.py:f"],
        ],
        ids=["innermost", "between"],
    )
    def test_comprehensions_are_no_frames(self, places: list[str]) -> None:
        """Python 3.12 has no frames for them: one fault on all versions."""
        assert "E\na.py:f\na" == identity("E", places, "a")

    def test_a_function_in_a_comprehension(self) -> None:
        """Its qualified name is that of Python 3.12."""
        place = "a.py:f.<locals>.<listcomp>.<lambda>"

        assert "E\na.py:f.<locals>.<lambda>\na" == identity("E", [place], "a")

    @pytest.mark.parametrize(
        ("source", "kept"),
        [
            ("send(f'to {a}', 7)  # now", "send(,)"),
            ('x = "it\'s" + b\'\\\'\' + """a"""', "x=++"),
            ("step_1(a1, 0x7f3a, 1_000.5e3)", "step_1(a1,,)"),
            ("\tif a ==  'unfinished", "ifa=="),
            ("", ""),
        ],
    )
    def test_accidents_of_source(self, source: str, kept: str) -> None:
        """Texts, numbers, comments and blanks of the failing line do not count."""
        assert f"E\n\n{kept}" == identity("E", [], source)

    @given(st.text(st.sampled_from("\"'\\rb#0x1 a\t"), max_size=400))
    def test_any_source(self, source: str) -> None:
        """No line of source is too odd."""
        assert identity("E", [], source).startswith("E\n\n")


class TestMain:
    def test_run_as_a_module(self) -> None:
        """What `python -m host.mail` runs is the module that others import."""
        code = compile("def send():\n    raise OSError\n", "/srv/host/mail.py", "exec")

        def mark_in(**names: object) -> str:
            exec(code, names)  # so that it is run under another name
            with pytest.raises(OSError) as caught:
                names["send"]()  # type: ignore[operator]  # it is a function by now
            return Failure.from_exception(caught.value).fingerprint

        imported = mark_in(__name__="host.mail")

        spec = ModuleSpec("host.mail", None)
        assert imported == mark_in(__name__="__main__", __spec__=spec)
        assert imported != mark_in(__name__="__main__", __spec__=None)


class TestFileName:
    @pytest.mark.parametrize(
        ("path", "module", "name"),
        [
            ("/srv/host/mail.py", "mail", "mail.py"),
            (r"D:\host\mail.py", "host.mail", "host/mail.py"),
            ("/srv/host/mail/__init__.py", "host.mail", "__init__.py"),
            ("/srv/host/mail.py", "__main__", "mail.py"),
            ("/srv/host/mail.py", "host.other", "mail.py"),
            ("", "", ""),
            ("<string>", "host.mail", "<string>"),
            ("<cell 12 at 0x7f3a>", "", "<cell  at >"),
            ("<frozen runpy>", "", "~<frozen runpy>"),
            ("/usr/lib/python3.11/json/decoder.py", "json.decoder", "~decoder.py"),
            ("/x/lib/python3.12/site-packages/a/b.py", "a.b", "a/b.py"),
            ("/usr/lib/python3/dist-packages/a.py", "a", "a.py"),
            (r"C:\v\Lib\site-packages\a\b.py", "a.b", "a/b.py"),
            (r"C:\Python311\Lib\ssl.py", "ssl", "~ssl.py"),
        ],
    )
    def test_names_a_file_on_every_machine(
        self, path: str, module: str, name: str
    ) -> None:
        """Package and file count, folders do not; the library is marked."""
        assert name == file_name(path, module)


class TestFingerprintOf:
    def test_is_versioned_and_short(self) -> None:
        """It fits the column and says which rule made it."""
        made = fingerprint_of(["a", "b"])

        assert made.startswith("2-")
        assert 26 == len(made)

    def test_parts_count_by_their_borders(self) -> None:
        """Joining parts differently gives another fingerprint; odd text is no error."""
        assert fingerprint_of(["a", "b"]) != fingerprint_of(["ab"])
        assert fingerprint_of(["\ud800"]) != fingerprint_of(["\ud801"])


class TestBothEnds:
    @given(st.integers(0, 400))
    def test_are_bounded(self, size: int) -> None:
        """At most 32 outer and 96 inner items are left, in their order."""
        items = list(range(size))

        kept = at_both_ends(items)

        assert items == kept or [*items[:32], *items[-96:]] == kept
        assert len(kept) == min(size, 128)
