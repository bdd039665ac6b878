"""Write an exception down: chain, notes, groups and frames, never a local variable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from assignment_actions.domain.cuts import bounded_source, quickly_storable
from assignment_actions.domain.fingerprint import identity_of_group
from assignment_actions.domain.frames import CAUSE, CONTEXT, GROUP_HEADER, HEADER
from assignment_actions.domain.redaction import REMOVED, redacted_text
from assignment_actions.domain.values import TEXT_LIMIT
from assignment_actions.domain.walk import SOURCE_LIMIT, Files, Walk

MESSAGE_LIMIT = 4 * 1024
STACKTRACE_LIMIT = 32 * 1024

NOTES, MEMBERS, DEPTH, EXCEPTIONS = 16, 32, 12, 64

# What Python itself keeps of an exception: a host's class cannot hide or break it.
_CAUSE_OF = vars(BaseException)["__cause__"].__get__
_CONTEXT_OF = vars(BaseException)["__context__"].__get__
_IS_SUPPRESSED = vars(BaseException)["__suppress_context__"].__get__
_TRACEBACK_OF = vars(BaseException)["__traceback__"].__get__
_MEMBERS_OF = vars(BaseExceptionGroup)["exceptions"].__get__
_MODULE_OF = vars(type)["__module__"].__get__
_QUALNAME_OF = vars(type)["__qualname__"].__get__
_SYNTAX = ("filename", "lineno", "text", "msg")


def type_name(exception: BaseException) -> str:
    """Return the qualified name of an exception's type, without `builtins`."""
    kind = type(exception)
    name: str = _QUALNAME_OF(kind)
    module = _module_of(kind)
    return name if module == "builtins" else f"{module}.{name}"


def _module_of(kind: type) -> str:
    try:
        module = _MODULE_OF(kind)
    except AttributeError:  # its class body deleted it
        module = None
    return module if isinstance(module, str) else "<unknown>"


def message_of(exception: BaseException) -> str:
    """Return `str(exception)`, or a placeholder where that raises."""
    try:
        return str.__str__(str(exception))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a host's __str__ may raise anything
        return f"<unprintable {_QUALNAME_OF(type(exception))} object>"


class Stacktrace(NamedTuple):
    """An exception as text, its own message, and what identifies its kind."""

    text: str
    is_cut: bool
    signature: tuple[str, ...]
    message: str = ""


def stacktrace_of(
    exception: BaseException,
    *,
    redact: Callable[[str], str] | None = None,
    store_messages: bool = True,
) -> Stacktrace:
    """
    Return the text of an exception, as Python prints it, but without carets.

    Bounded whatever the exception: per exception 12 outer and 36 inner frames and 16
    notes, 32 members per group, 64 exceptions in all. Frames of the recorder itself
    at the outer end are left out. A cycle of causes is written once.

    Args:
        exception: whatever it is.
        redact: applied once to each exception's own block of frames, message and
            notes; of a block that it breaks on only the type is kept.
        store_messages: False keeps types, frames and structure, no message, no note.
    """
    writer = _Writer(exception, redact, store_messages=store_messages)
    signature = tuple(writer.chain(exception))
    text = quickly_storable("\n".join((*writer.lines, "")))
    return Stacktrace(text, writer.is_cut, signature, writer.message)


class _Writer:
    """Writes one exception tree; counts what it wrote, and notes what it left out."""

    def __init__(
        self,
        root: BaseException,
        redact: Callable[[str], str] | None,
        *,
        store_messages: bool,
    ) -> None:
        self.lines: list[str] = []
        self.message = ""
        self.is_cut = False
        self._root = root
        self._redact = redact
        self._store_messages = store_messages
        self._is_out_of_room = self._needs_border = False
        self._seen: set[int] = set()
        self._written = self._size = self._depth = 0
        self._files = Files()

    def chain(self, exception: BaseException) -> Iterable[str]:
        """Write causes and contexts first, the exception itself last; name each."""
        seen_above = set(self._seen)
        kinds: dict[str, None] = {}
        for link, sentence in reversed(self._links(exception)):
            if sentence:
                self._emit(sentence)
            kinds[self._one(link)] = None
        self._seen = seen_above
        return kinds

    def _links(self, exception: BaseException) -> list[tuple[BaseException, str]]:
        """Return the exceptions of a chain, the latest first, with what links them."""
        links: list[tuple[BaseException, str]] = []
        current: BaseException | None = exception
        while current is not None:
            self._written += 1
            self._seen.add(id(current))
            older, sentence = self._older(current)
            if older is not None and self._written >= EXCEPTIONS:
                self.is_cut = self._is_out_of_room = True
                older, sentence = None, f"[… earlier exceptions left out …]\n{sentence}"
            links.append((current, sentence))
            current = older
        return links

    def _older(self, exception: BaseException) -> tuple[BaseException | None, str]:
        cause: BaseException | None = _CAUSE_OF(exception)
        if cause is not None and id(cause) not in self._seen:
            return cause, f"\n{CAUSE}\n"
        context: BaseException | None = _CONTEXT_OF(exception)
        if context is None or id(context) in self._seen or _IS_SUPPRESSED(exception):
            return None, ""
        return context, f"\n{CONTEXT}\n"

    def _one(self, exception: BaseException) -> str:
        """Write one exception with its members; return what identifies it."""
        name = self._name(exception)
        is_group = issubclass(type(exception), BaseExceptionGroup)
        if is_group and self._depth > DEPTH:
            self.is_cut = True
            self._emit(f"... (max_group_depth is {DEPTH})")
            return name
        is_outermost = is_group and not self._depth
        self._depth += is_outermost
        walk = Walk(_TRACEBACK_OF(exception), self._files)
        header = GROUP_HEADER if is_group else HEADER
        self._block(exception, name, walk, header, "+" if is_outermost else "|")
        kind = walk.identity(name)
        if is_group:
            kind = identity_of_group(kind, self._members(_MEMBERS_OF(exception)))
        self._depth -= is_outermost
        return kind

    def _block(
        self,
        exception: BaseException,
        name: str,
        walk: Walk,
        header: str,
        margin: str,
    ) -> None:
        """Write frames, type, message and notes: one text for the redactor."""
        lines, is_cut = walk.lines()
        is_headed = bool(lines)
        self.is_cut |= is_cut
        lines += self._said(exception, name) if self._store_messages else [name]
        text = "\n".join(lines)
        if self._redact is not None:
            text = redacted_text(self._redact, quickly_storable(text))
            if text == REMOVED:
                is_headed, text = False, f"{name}: {REMOVED}"
        if is_headed:
            self._emit(header, margin)
        self._emit(text)

    def _name(self, exception: BaseException) -> str:
        name = type_name(exception)
        self.is_cut |= len(name) > TEXT_LIMIT
        return name[:TEXT_LIMIT].replace("\n", "\\n")

    def _said(self, exception: BaseException, name: str) -> list[str]:
        """Return the type with the message, and the notes."""
        message = message_of(exception)
        if exception is self._root:
            self.message = message
        before: list[str] = []
        if issubclass(type(exception), SyntaxError):
            before, message = _syntax(exception, message)
        message = self._bounded(message)
        line = f"{name}: {message}" if message else name
        return [*map(self._bounded, before), line, *self._notes(exception)]

    def _notes(self, exception: BaseException) -> list[str]:
        try:
            notes = getattr(exception, "__notes__", None)
            if notes is None or not issubclass(type(notes), (list, tuple)):
                return []
            notes = list(islice(notes, NOTES + 1))
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001  # a host's property may raise anything
            return []
        self.is_cut |= len(notes) > NOTES
        return [self._bounded(_text_of(note)) for note in notes[:NOTES]]

    def _members(self, members: Sequence[BaseException]) -> set[str]:
        """Write the members of a group as Python draws them; return their kinds."""
        kinds: set[str] = set()
        self._needs_border = False
        for number, member in enumerate(members, 1):
            is_too_many = number > MEMBERS or self._written >= EXCEPTIONS
            self._needs_border = is_too_many or number == len(members)
            self._open("..." if is_too_many else str(number), is_first=number == 1)
            if is_too_many:
                self._left_out(len(members) - number + 1)
            else:
                kind = "\n".join(self.chain(member))
                if not self._is_out_of_room or not kinds:  # else it may be cut short
                    kinds.add(kind)
            self._close()
            if is_too_many:
                break
        return kinds

    def _left_out(self, members: int) -> None:
        self.is_cut = True
        self._is_out_of_room |= self._written >= EXCEPTIONS
        self._emit(f"and {members} more exception{'s' if members > 1 else ''}")

    def _open(self, title: str, *, is_first: bool) -> None:
        corner = "+-" if is_first else "  "
        self.lines.append(f"{'  ' * self._depth}{corner}+{'-' * 16} {title} {'-' * 16}")
        self._depth += 1

    def _close(self) -> None:
        """Draw the last border, unless a group in the last member has done so."""
        if self._needs_border:
            self.lines.append(f"{'  ' * self._depth}+{'-' * 36}")
        self._needs_border = False
        self._depth -= 1

    def _emit(self, text: str, margin: str = "|") -> None:
        if self._depth:
            margin = f"{'  ' * self._depth}{margin} "
            text = margin + text.replace("\n", f"\n{margin}")
        self.lines.append(text)

    def _bounded(self, text: str) -> str:
        """Bound one message or note; short ones only, once much has been written."""
        limit = MESSAGE_LIMIT if self._size < STACKTRACE_LIMIT else SOURCE_LIMIT
        bounded, is_cut = bounded_source(text, limit)
        self.is_cut |= is_cut
        self._size += len(bounded)
        return bounded


def _text_of(note: object) -> str:
    is_text = issubclass(type(note), str)
    return str.__str__(note) if is_text else type.__repr__(type(note))


def _syntax(error: BaseException, message: str) -> tuple[list[str], str]:
    """Return where a syntax error is, with the line, and what is wrong there."""
    try:
        file, line, text, what = (getattr(error, name) for name in _SYNTAX)
        if not isinstance(line, int):
            return [], message
        place = [f'  File "{file or "<string>"}", line {line}']
        if text is not None:
            place.append("    " + str(text).rstrip("\n").lstrip(" \n\f"))
        return place, str(what) if what else "<no detail available>"
    except Exception:  # noqa: BLE001  # they may be of any type and raise anything
        return [], message
