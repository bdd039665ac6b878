import errno
import importlib
import logging
import smtplib
import sqlite3
import subprocess
import urllib.error
from collections.abc import Callable
from email.message import Message
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy.exc
from domain.recorders import everything, recorder

from assignment_actions import ErrorReason
from assignment_actions.domain.ready_reasons import (
    READY_REASONS,
    attribute_of,
    qualified,
)
from assignment_actions.domain.reasons import as_reasons, by_attribute, reason_of

SECRET = "token" + "=s3cr3t"


class HostReason(StrEnum):
    MAILBOX_GONE = "mailbox_gone"


class CourseError(Exception):
    """Be an exception of the host's."""

    def __init__(self, *args: object, **attributes: Any) -> None:
        super().__init__(*(args or [SECRET]))
        vars(self).update(attributes)


class EnrolmentError(CourseError, LookupError):
    """Be a more specific one."""


class HostTimeoutError(TimeoutError):
    """Be a time-out that the host raises."""


def reason(exception: BaseException, **given: Any) -> str:
    """Return the reason, by the host's rules if there are any."""
    return reason_of(exception, as_reasons(given.get("reasons", {})))


def raised_in(*modules: str, error: BaseException) -> BaseException:
    """Return an exception raised within calls through modules so called."""

    def fail() -> None:
        raise error

    inner: Callable[[], None] = fail
    for module in reversed(modules):
        namespace: dict[str, Any] = {"__name__": module, "inner": inner}
        exec("def call(): inner()", namespace)
        inner = namespace["call"]
    with pytest.raises(type(error)) as caught:
        inner()
    return error.with_traceback(caught.tb.tb_next)  # without this function's own frame


class TestAsReasons:
    @pytest.mark.parametrize("given", [None, [], "timeout"])
    def test_must_be_a_mapping(self, given: Any) -> None:
        """What is no mapping is refused."""
        with pytest.raises(TypeError, match="reasons must be a mapping, got"):
            as_reasons(given)

    @pytest.mark.parametrize("kind", [5, "OSError", int, (OSError, KeyError)])
    def test_keys_are_exception_types(self, kind: Any) -> None:
        """A key that is no exception type is refused."""
        with pytest.raises(TypeError, match="reasons must be keyed by exception types"):
            as_reasons({kind: "timeout"})

    @pytest.mark.parametrize("given", ["Disk error", "diskError", "1st", "a-b", "é"])
    def test_reasons_are_names(self, given: str) -> None:
        """A reason that is no short code is refused at once."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            as_reasons({OSError: given})

    @pytest.mark.parametrize("given", ["", "a" * 65])
    def test_reasons_are_short(self, given: str) -> None:
        """A reason has at most 64 characters."""
        with pytest.raises(ValueError, match="reason must have 1 to 64 characters"):
            as_reasons({OSError: given})

    @pytest.mark.parametrize("given", [None, 5, ErrorReason, ["timeout"]])
    def test_else_they_are_functions(self, given: Any) -> None:
        """What is neither a reason nor a function is refused, a class of them too."""
        with pytest.raises(TypeError, match="reason must be a str or a function, got"):
            as_reasons({OSError: given})

    def test_functions_answer_at_once(self) -> None:
        """A coroutine function is refused: nobody would await it."""

        async def ask(_: OSError) -> str:
            return "timeout"

        with pytest.raises(TypeError, match="reason must be a str or a function, got"):
            as_reasons({OSError: ask})

    def test_later_changes_do_not_matter(self) -> None:
        """The host's mapping is copied."""
        given: dict[type[BaseException], str] = {OSError: "disk_error"}
        kept = as_reasons(given)

        given[OSError] = "No reason"

        assert {OSError: "disk_error"} == kept

    def test_the_constructor_checks(self) -> None:
        """A recorder refuses illegal reasons when it is made."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            recorder(reasons={OSError: "Disk error"})


class TestWalk:
    def test_a_member_stays_what_it_is(self) -> None:
        """A host's StrEnum member is returned as given."""
        found = reason(CourseError(), reasons={CourseError: HostReason.MAILBOX_GONE})

        assert HostReason.MAILBOX_GONE is found

    def test_most_specific_type_decides(self) -> None:
        """The nearest class in the type's own order decides."""
        rules = {Exception: "bug", CourseError: "course", EnrolmentError: "enrolment"}

        assert "enrolment" == reason(EnrolmentError(), reasons=rules)
        assert "course" == reason(CourseError(), reasons=rules)
        assert "bug" == reason(KeyError(), reasons=rules)

    def test_ready_made_rules_hold_where_they_are_nearer(self) -> None:
        """A host's reason for a base does not hide what is known of a class."""
        rules = {OSError: "disk_error"}

        assert "timeout" == reason(HostTimeoutError(), reasons=rules)
        assert "email_error" == reason(smtplib.SMTPException(), reasons=rules)
        assert "disk_error" == reason(FileNotFoundError(), reasons=rules)

    def test_a_hosts_reason_replaces_ours(self) -> None:
        """At the same class the host's entry is asked first."""
        rules = {TimeoutError: "too_slow", smtplib.SMTPException: "mail"}

        assert "too_slow" == reason(HostTimeoutError(), reasons=rules)
        assert "mail" == reason(smtplib.SMTPDataError(554, b"no"), reasons=rules)

    def test_none_goes_on(self) -> None:
        """A function that answers None leaves it to ours, then to the bases."""
        rules: Any = {
            TimeoutError: lambda _: None,
            EnrolmentError: lambda _: None,
            LookupError: lambda _: "lookup",
        }

        assert "timeout" == reason(TimeoutError(), reasons=rules)
        assert "lookup" == reason(EnrolmentError(), reasons=rules)

    @pytest.mark.parametrize(
        "kind", [KeyError, Exception, RuntimeError, NotImplementedError, CourseError]
    )
    def test_unclassified(self, kind: type[Exception]) -> None:
        """An exception that nobody knows is unclassified."""
        assert ErrorReason.UNCLASSIFIED is reason(kind())

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_interrupted(self, kind: type[BaseException]) -> None:
        """What is no Exception interrupted whatever was done."""
        assert ErrorReason.INTERRUPTED is reason(kind())

    def test_a_cause_decides_nothing(self) -> None:
        """What a host raises from a cause is classified by its own type."""
        error = CourseError()
        error.__cause__ = TimeoutError()

        assert ErrorReason.UNCLASSIFIED is reason(error)

    def test_a_type_without_a_hash(self) -> None:
        """A class that cannot be looked up is passed over; its bases are asked."""

        class NoHash(type):
            def __eq__(cls, other: object) -> bool:
                return True

            __hash__ = None  # type: ignore[assignment]  # that is what is wrong with it

        class NoHashError(TimeoutError, metaclass=NoHash):
            pass

        assert ErrorReason.TIMEOUT is reason(NoHashError())

    def test_a_type_that_refuses_everything(self) -> None:
        """A type whose ancestry cannot be read is unclassified."""

        class Closed(type):
            def __getattribute__(cls, name: str) -> Any:
                raise ValueError("not to be read")

        class ClosedError(Exception, metaclass=Closed):
            pass

        assert ErrorReason.UNCLASSIFIED is reason(ClosedError())

    def test_a_type_without_ancestors(self) -> None:
        """A type that denies its bases is unclassified."""

        class Orphan(type):
            @property
            def __mro__(cls) -> Any:
                return ()

        class OrphanError(Exception, metaclass=Orphan):
            pass

        assert ErrorReason.UNCLASSIFIED is reason(OrphanError())


def answering(answer: Any) -> Callable[[BaseException], Any]:
    """Return a rule with this answer."""
    return lambda _: answer


def breaking(error: BaseException) -> Callable[[BaseException], str]:
    """Return a rule that raises."""

    def rule(_: BaseException) -> str:
        raise error

    return rule


class TestFunctions:
    def test_is_given_the_exception(self) -> None:
        """A function sees the very exception, not only its type."""
        given: list[BaseException] = []
        error = CourseError()

        reason(error, reasons={CourseError: given.append})

        assert [error] == given

    def test_any_callable(self) -> None:
        """Whatever can be called with the exception will do."""
        rules = {CourseError: HostReason.MAILBOX_GONE.lower().format}

        assert "mailbox_gone" == reason(CourseError(), reasons=rules)

    @pytest.mark.parametrize(
        ("rule", "said"),
        [
            (answering(5), "but a builtins.int that is none"),
            (answering("No Reason " + SECRET), "but a builtins.str that is none"),
            (answering("a" * 65), "but a builtins.str that is none"),
            (answering(""), "but a builtins.str that is none"),
            (breaking(ValueError(SECRET)), "but raised builtins.ValueError"),
            (breaking(SystemExit(SECRET)), "but raised builtins.SystemExit"),
            (breaking(RecursionError(SECRET)), "but raised builtins.RecursionError"),
        ],
        ids=["int", "text", "long", "empty", "raises", "exits", "recurses"],
    )
    def test_one_that_breaks(
        self, rule: Any, said: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It counts as None, and is logged by types: texts may hold secrets."""
        rules = {CourseError: rule, LookupError: "lookup"}

        assert "lookup" == reason(EnrolmentError(), reasons=rules)
        (record,) = caplog.records
        assert logging.WARNING == record.levelno
        assert "assignment_actions" == record.name
        assert (
            f"the rule for {__name__}.CourseError gave no reason for a"
            f" {__name__}.EnrolmentError, {said}"
        ) == record.getMessage()
        assert "s3cr3t" not in caplog.text

    def test_each_occurrence_is_logged_once(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A rule that breaks again is told again."""
        rules = as_reasons({CourseError: breaking(KeyError())})
        for _ in range(3):
            reason_of(CourseError(), rules)

        assert 3 == len(caplog.records)

    def test_an_interrupt_goes_on(self) -> None:
        """Control-C while a rule is asked is nobody's broken rule."""
        rules = {CourseError: breaking(KeyboardInterrupt())}

        with pytest.raises(KeyboardInterrupt):
            reason(CourseError(), reasons=rules)

    def test_recording_goes_on(self) -> None:
        """A rule that breaks spoils no recording, and hides no exception."""
        outer = recorder(reasons={CourseError: breaking(ValueError())})
        error = CourseError()

        with pytest.raises(CourseError) as caught, outer.recording(1, "notified"):
            raise error

        assert error is caught.value
        (stored,) = everything(outer)
        assert stored.failure is not None
        assert ErrorReason.UNCLASSIFIED is stored.failure.reason

    def test_what_is_stored(self) -> None:
        """A function's reason is stored, the raw type beside it."""
        rule = by_attribute("code", {402: "no_money"})
        outer = recorder(reasons={CourseError: rule})

        failure = outer.record_failure(1, "redeemed", CourseError(code=402)).failure

        assert failure is not None
        assert "no_money" == failure.reason
        assert f"{__name__}.CourseError" == failure.exception_type


class Refuses:
    """Refuse to be read, as some leave the process."""

    @property
    def code(self) -> Any:
        raise SystemExit(3)


class Interrupted:
    """Be where somebody presses control-C."""

    @property
    def code(self) -> Any:
        raise KeyboardInterrupt


class LikeEverything:
    """Be equal to all there is."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 12345

    def __str__(self) -> str:
        return "like everything"


class TestByAttribute:
    RULE = staticmethod(
        by_attribute(
            "code",
            {
                range(500, 600): "broken",
                503: "busy",
                range(400, 500): "wrong",
                "E1": HostReason.MAILBOX_GONE,
            },
        )
    )

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (500, "broken"),
            (503, "busy"),
            (599, "broken"),
            (404, "wrong"),
            (600, None),
            ("E1", "mailbox_gone"),
            ("E2", None),
            (None, None),
            (500.5, None),
            (LikeEverything(), None),
        ],
        ids=str,
    )
    def test_codes_and_ranges(self, code: object, expected: str | None) -> None:
        """A code on its own goes before the range that it is in."""
        assert expected == self.RULE(CourseError(code=code))

    def test_members_stay(self) -> None:
        """A StrEnum member of the host stays what it is."""
        assert HostReason.MAILBOX_GONE is self.RULE(CourseError(code="E1"))

    @pytest.mark.parametrize(
        ("path", "attributes"),
        [
            ("response.status_code", {"response": SimpleNamespace(status_code=410)}),
            ("response.Error.Code", {"response": {"Error": {"Code": 410}}}),
            ("codes.1", {"codes": (404, 410)}),
            ("codes.0.a", {"codes": [{"a": 410}]}),
        ],
    )
    def test_paths(self, path: str, attributes: dict[str, Any]) -> None:
        """Dots lead on through attributes, keys and positions."""
        rule = by_attribute(path, {410: "gone"})

        assert "gone" == rule(CourseError(**attributes))

    @pytest.mark.parametrize(
        "path",
        ["nothing", "nothing.at.all", "response.nothing", "codes.7", "codes.x", ""],
    )
    def test_nothing_there(self, path: str) -> None:
        """Where nothing is, the rule does not apply."""
        rule = by_attribute(path, {410: "gone"})

        assert rule(CourseError(response={}, codes=[410])) is None

    def test_refused(self) -> None:
        """What cannot be read is not there."""
        assert self.RULE(Refuses()) is None  # type: ignore[arg-type]  # no exception

    def test_interrupted(self) -> None:
        """Control-C while it is read goes on."""
        with pytest.raises(KeyboardInterrupt):
            attribute_of(Interrupted(), "code")

    @pytest.mark.parametrize("path", [None, 5, ["code"]])
    def test_a_path_is_text(self, path: Any) -> None:
        """A path that is no text is refused."""
        with pytest.raises(TypeError, match="path must be a str, got"):
            by_attribute(path, {})

    def test_reasons_are_names(self) -> None:
        """A reason that is no short code is refused when the rule is made."""
        with pytest.raises(ValueError, match="reason must be lower snake case"):
            by_attribute("code", {1: "Not one"})


class TestReadyMade:
    @pytest.mark.parametrize(
        "name", [name for name in READY_REASONS if not name.startswith("aiohttp.")]
    )
    def test_the_class_exists(self, name: str) -> None:
        """Each name in the table is that of a class; aiohttp alone is not here."""
        module, _, short = name.rpartition(".")
        kind = getattr(importlib.import_module(module), short)

        assert issubclass(kind, BaseException)
        assert name == qualified(kind)

    def test_only_built_in_reasons(self) -> None:
        """What is ready-made knows the built-in reasons only."""
        for rule in READY_REASONS.values():
            assert callable(rule) or isinstance(rule, ErrorReason)


class TestSystem:
    @pytest.mark.parametrize(
        ("modules", "expected"),
        [
            (["smtplib"], "email_error"),
            (["smtplib", "socket"], "email_error"),
            (["http.client", "socket"], "internal_api_error"),
            (["urllib.request"], "internal_api_error"),
            (["requests.adapters", "urllib3.util", "ssl"], "internal_api_error"),
            (["botocore.httpsession", "a_tracer.wrapper"], "internal_api_error"),
            (["aiohttp.connector", "asyncio.streams"], "internal_api_error"),
            (["aiohttp.web_protocol", "school.views"], "unclassified"),
            (["urllib.request", "smtplib", "socket"], "email_error"),
            (["http.server", "socket"], "unclassified"),
            (["requests_of_the_school"], "unclassified"),
            (["smtplibrary"], "unclassified"),
            ([], "unclassified"),
        ],
        ids=lambda value: value if isinstance(value, str) else "-".join(value),
    )
    def test_who_was_talking(self, modules: list[str], expected: str) -> None:
        """The innermost frame of a library that talks decides."""
        error = raised_in(*modules, error=ConnectionResetError())

        assert expected == reason(error)

    def test_not_about_a_file(self) -> None:
        """An error that names a file is about that, whoever was talking."""
        error = raised_in("requests.api", error=OSError(errno.ENOSPC, "full", "a.txt"))

        assert ErrorReason.UNCLASSIFIED is reason(error)

    def test_timed_out_by_number(self) -> None:
        """The system's number for a time-out says so, whatever the type."""

        class DeviceError(OSError):
            pass

        assert ErrorReason.TIMEOUT is reason(DeviceError(errno.ETIMEDOUT, "too late"))

    def test_without_a_traceback(self) -> None:
        """What was never raised was nobody's."""
        assert ErrorReason.UNCLASSIFIED is reason(ConnectionResetError())

    def test_a_traceback_without_names(self) -> None:
        """Frames without a module's name are passed over."""
        error = ConnectionResetError()
        namespace: dict[str, Any] = {"error": error, "__name__": 5}
        with pytest.raises(ConnectionResetError):
            exec("raise error", namespace)

        assert ErrorReason.UNCLASSIFIED is reason(error)


class TestMail:
    def test_it_made_one_of_a_time_out(self) -> None:
        """A time-out that smtplib itself caught is still one."""
        error = smtplib.SMTPServerDisconnected("timed out")
        error.__context__ = raised_in("smtplib", error=TimeoutError())

        assert ErrorReason.TIMEOUT is reason(error)

    @pytest.mark.parametrize(
        "context",
        [
            raised_in("school.mail", error=TimeoutError()),
            TimeoutError(),
            raised_in("smtplib", error=ConnectionResetError()),
        ],
        ids=["caught by the host", "never raised", "no time-out"],
    )
    def test_anything_else(self, context: BaseException) -> None:
        """A time-out that the host was handling has nothing to do with it."""
        error = smtplib.SMTPServerDisconnected("gone")
        error.__context__ = context

        assert ErrorReason.EMAIL_ERROR is reason(error)


class TestApi:
    @pytest.mark.parametrize(
        ("code", "expected"),
        [(404, "internal_api_error"), (408, "timeout"), (504, "timeout")],
    )
    def test_statuses(self, code: int, expected: str) -> None:
        """Two statuses are time-outs."""
        with urllib.error.HTTPError("http://a", code, "no", Message(), None) as error:
            assert expected == reason(error)

    @pytest.mark.parametrize(
        ("wrapped", "expected"),
        [
            (HostTimeoutError(), "timeout"),
            (urllib.error.URLError(TimeoutError()), "timeout"),
            (ConnectionRefusedError(), "internal_api_error"),
            (KeyboardInterrupt(), "internal_api_error"),
            ("unknown url type", "internal_api_error"),
        ],
        ids=["time-out", "twice", "refused", "interrupt", "text"],
    )
    def test_wrapped(self, wrapped: Any, expected: str) -> None:
        """What a client wraps decides whether it was a time-out."""
        assert expected == reason(urllib.error.URLError(wrapped))

    def test_wrapped_in_itself(self, caplog: pytest.LogCaptureFixture) -> None:
        """One that holds itself is a broken one; its bases are asked."""
        error = urllib.error.URLError("")
        error.reason = error

        assert ErrorReason.UNCLASSIFIED is reason(error)
        assert "raised builtins.RecursionError" in caplog.text

    def test_by_name(self) -> None:
        """Nothing is imported for it: the qualified name of a base is enough."""
        client = type("ClientError", (Exception,), {})
        client.__module__ = "aiohttp.client_exceptions"
        late = type("ServerTimeoutError", (client,), {"__module__": client.__module__})

        assert ErrorReason.INTERNAL_API_ERROR is reason(client())
        assert ErrorReason.TIMEOUT is reason(late())


def said_by(driver: BaseException) -> sqlalchemy.exc.DBAPIError:
    """Return what SQLAlchemy makes of a driver's exception."""
    return sqlalchemy.exc.OperationalError("SELECT 1", {}, driver)


class TestDatabases:
    @pytest.mark.parametrize(
        "driver",
        [
            CourseError(sqlstate="57014"),
            CourseError(sqlstate="55P03"),
            CourseError(pgcode="57014"),
            CourseError(1205, "Lock wait timeout exceeded"),
            CourseError(3024, "maximum statement execution time exceeded"),
            CourseError(1969, "max_statement_time exceeded"),
            CourseError(sqlite_errorcode=sqlite3.SQLITE_BUSY),
            CourseError(sqlite_errorcode=sqlite3.SQLITE_LOCKED_SHAREDCACHE),
            HostTimeoutError(),
        ],
        ids=lambda driver: f"{driver.args[:1]}{vars(driver)}",
    )
    def test_too_slow(self, driver: Exception) -> None:
        """What the driver says is a time-out is one, whichever driver it is."""
        assert ErrorReason.TIMEOUT is reason(said_by(driver))

    @pytest.mark.parametrize(
        "driver",
        [
            CourseError(sqlstate="40P01"),
            CourseError(1213, "Deadlock found"),
            CourseError(sqlite_errorcode=sqlite3.SQLITE_INTERRUPT),
            CourseError(sqlite_errorcode="5"),
            sqlite3.IntegrityError("UNIQUE constraint failed"),
        ],
        ids=["deadlock", "deadlock too", "interrupt", "text", "unique"],
    )
    def test_anything_else(self, driver: Exception) -> None:
        """The host's own database is no API."""
        assert ErrorReason.UNCLASSIFIED is reason(said_by(driver))


class TestProcesses:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [(-9, "interrupted"), (1, "unclassified"), (137, "unclassified")],
    )
    def test_killed(self, status: int, expected: str) -> None:
        """A program that a signal ended was interrupted."""
        assert expected == reason(subprocess.CalledProcessError(status, ["true"]))


def nested(depth: int, leaf: Exception) -> Exception:
    """Return groups within groups."""
    for _ in range(depth):
        leaf = ExceptionGroup("one more", [leaf])
    return leaf


class TestGroups:
    def test_of_one_kind(self) -> None:
        """A group has the reason that all its members have."""
        group = ExceptionGroup("all", [TimeoutError(), nested(2, HostTimeoutError())])

        assert ErrorReason.TIMEOUT is reason(group)

    def test_of_several_kinds(self) -> None:
        """Where they differ, nobody knows."""
        group = ExceptionGroup("mixed", [TimeoutError(), smtplib.SMTPException()])

        assert ErrorReason.UNCLASSIFIED is reason(group)

    def test_hosts_rules(self) -> None:
        """The host's rules hold for members and for groups."""
        group = nested(2, CourseError(code=5))

        assert "five" == reason(
            group, reasons={CourseError: by_attribute("code", {5: "five"})}
        )
        assert "several" == reason(group, reasons={ExceptionGroup: "several"})
        assert "several" == reason(group, reasons={BaseExceptionGroup: "several"})

    @pytest.mark.parametrize(
        ("depth", "expected"), [(12, "timeout"), (13, "unclassified")]
    )
    def test_depth(self, depth: int, expected: str) -> None:
        """Twelve groups within each other are looked into."""
        assert expected == reason(nested(depth, TimeoutError()))

    @pytest.mark.parametrize(
        ("size", "expected"), [(1000, "timeout"), (1001, "unclassified")]
    )
    def test_size(self, size: int, expected: str) -> None:
        """A thousand members are asked about."""
        members = [TimeoutError(number) for number in range(size)]

        assert expected == reason(ExceptionGroup("many", members))

    def test_shared_members(self) -> None:
        """What is a member twice is asked about once."""
        asked: list[BaseException] = []
        error: Exception = CourseError()
        group = error
        for _ in range(10):
            group = ExceptionGroup("twice", [group, group])

        reason(group, reasons={CourseError: asked.append})

        assert [error] == asked

    @pytest.mark.parametrize("exceptions", [None, (), []])
    def test_without_members(self, exceptions: Any) -> None:
        """A group that hides its members is unclassified."""

        class HidingGroup(ExceptionGroup[Exception]):
            def __getattribute__(self, name: str) -> Any:
                return exceptions

        assert ErrorReason.UNCLASSIFIED is reason(HidingGroup("a", [TimeoutError()]))

    def test_that_holds_itself(self) -> None:
        """A group among its own members ends."""

        class OwnGroup(ExceptionGroup[Exception]):
            @property
            def exceptions(self) -> Any:
                return (self,)

        assert ErrorReason.UNCLASSIFIED is reason(OwnGroup("a", [TimeoutError()]))

    def test_interrupts(self) -> None:
        """A group that is no Exception interrupted whatever was done."""
        group = BaseExceptionGroup("mixed", [KeyboardInterrupt(), ValueError()])

        assert ErrorReason.INTERRUPTED is reason(group)
