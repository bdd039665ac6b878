"""Both colours are one text: what waits differs from what does not in nothing else."""

import ast
import inspect
import re

import pytest
from architecture.modules import MODULES, PACKAGE

from assignment_actions import (
    ActionHistory,
    ActionRecorder,
    ActionRepository,
    AsyncActionHistory,
    AsyncActionRecorder,
    AsyncActionRepository,
    AsyncJoinedActionRepository,
    AsyncRecording,
    JoinedActionRepository,
    Recording,
)

TRANSPARENT = {
    "result_of",  # runs a coroutine that never waits
    "awaited",  # lets a function be awaited
    "AwaitedActionRepository",  # the same for all of a repository
    "to_the_end",  # shields from cancellation
    "Streamed",  # lets others have their turn
    "unless_busy",  # leaves to others what they do already
    "from_thread",  # calls the event loop out of a thread
}
"""What stands around a call in one colour alone, and changes nothing about it."""

CANCELLATION = {
    *("__enter__", "__exit__", "__aenter__", "__aexit__"),
    *("_begin", "_never_began", "_keep_never_began", "_leave_closed"),
    "_settle",
}
"""Where a recording deals with being cancelled, which only one colour can be."""


class Colourless(ast.NodeTransformer):
    """Take away whatever has a colour: `async`, `await`, prefixes, docstrings."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Change all inner nodes first."""
        node = self.generic_visit(node)
        change = getattr(self, f"of_{type(node).__name__.lower()}", None)
        return node if change is None else change(node)

    def of_name(self, node: ast.Name) -> ast.Name:
        return ast.Name(colourless(node.id))

    def of_constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str):
            return ast.Constant(colourless(node.value))
        return node

    def of_asyncfunctiondef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        fields = dict(ast.iter_fields(node))
        return self.of_functiondef(ast.FunctionDef(**fields))

    def of_functiondef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        return node

    def of_asyncfor(self, node: ast.AsyncFor) -> ast.AST:
        return self.of_for(ast.For(**dict(ast.iter_fields(node))))

    def of_for(self, node: ast.For) -> ast.AST:
        inner = [ast.unparse(one) for one in node.body]
        if inner == [f"yield {ast.unparse(node.target)}"]:
            return ast.Expr(ast.YieldFrom(node.iter))
        return node

    def of_asyncwith(self, node: ast.AsyncWith) -> ast.With:
        return ast.With(**dict(ast.iter_fields(node)))

    def of_await(self, node: ast.Await) -> ast.expr:
        return node.value

    def of_call(self, node: ast.Call) -> ast.expr:
        name = ast.unparse(node.func)
        if name == "in_thread":
            return ast.Call(node.args[0], node.args[1:], node.keywords)
        return node.args[0] if name in TRANSPARENT else node

    def of_binop(self, node: ast.BinOp) -> ast.expr:
        """Return one of two alternatives that have become the same."""
        is_one = ast.unparse(node.left) == ast.unparse(node.right)
        return node.left if is_one else node


def colourless(name: str) -> str:
    """Return a name without what tells its colour."""
    return re.sub(r"^(Async|async_|ASYNC_)(?=\w)|^a(?=closing$)", "", name)


def methods_of(public: type) -> dict[str, str]:
    """Return the text of each method of a class, without colour."""
    module = MODULES[public.__module__]
    (found,) = (
        node
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name == public.__name__
    )
    return {
        node.name: text_of(node)
        for node in found.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def text_of(node: ast.AST) -> str:
    """Return a text that is the same for twins."""
    copy = ast.parse(ast.unparse(node))
    return ast.unparse(ast.fix_missing_locations(Colourless().visit(copy)))


TWINS = [(ActionRecorder, AsyncActionRecorder), (ActionHistory, AsyncActionHistory)]


class TestTwins:
    @pytest.mark.parametrize(
        ("plain", "twin"), TWINS, ids=lambda one: one.__name__.removeprefix("Async")
    )
    def test_one_text(self, plain: type, twin: type) -> None:
        """Without `async` and `await` the twins' methods are the same, all of them."""
        expected, actual = methods_of(plain), methods_of(twin)

        assert list(expected) == list(actual)
        for name, text in expected.items():
            assert text == actual[name]

    def test_recording_is_the_one_exception(self) -> None:
        """A recording's twins differ where one of them is cancelled, nowhere else."""
        expected, actual = methods_of(Recording), methods_of(AsyncRecording)

        assert expected.keys() - CANCELLATION == actual.keys() - CANCELLATION
        for name in expected.keys() - CANCELLATION:
            assert expected[name] == actual[name]

    def test_batches_are_twins(self) -> None:
        """A stream is cut the same way whether it is waited for or not."""
        functions = {
            node.name: text_of(node)
            for node in MODULES[f"{PACKAGE}.domain.batches"].tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        plain, twin = functions["batches"], functions["async_batches"]

        assert plain == twin.replace("def async_batches", "def batches")

    @pytest.mark.parametrize(
        ("plain", "twin"),
        [
            (ActionRepository, AsyncActionRepository),
            (JoinedActionRepository, AsyncJoinedActionRepository),
        ],
        ids=["own", "joined"],
    )
    def test_ports_have_the_same_verbs(self, plain: type, twin: type) -> None:
        """An adapter of either colour has the same verbs with the same arguments."""
        assert methods_of(plain) == methods_of(twin)

    @pytest.mark.parametrize(
        ("plain", "twin"),
        [*TWINS, (Recording, AsyncRecording)],
        ids=lambda one: one.__name__.removeprefix("Async"),
    )
    def test_public_names(self, plain: type, twin: type) -> None:
        """What one colour offers the other does too, inherited methods included."""

        def public(one: type) -> set[str]:
            return {name for name, _ in inspect.getmembers(one) if name[0] != "_"}

        assert public(plain) == public(twin)


class TestTheComparison:
    @pytest.mark.parametrize(
        ("plain", "twin"),
        [
            ("def f(): return g()", "async def f(): return await g()"),
            ("def f(): return result_of(g(1))", "async def f(): return await g(1)"),
            ("def f(): g(1, x=2)", "async def f(): await in_thread(g, 1, x=2)"),
            ("def f(): yield from g", "async def f():\n async for x in g: yield x"),
            ("def f(x: A): g(x)", "async def f(x: A | AsyncA): await async_g(x)"),
        ],
        ids=["await", "result_of", "in_thread", "yield from", "names"],
    )
    def test_takes_the_colour_away(self, plain: str, twin: str) -> None:
        """What only tells the colour makes no difference."""
        assert text_of(ast.parse(plain)) == text_of(ast.parse(twin))

    @pytest.mark.parametrize(
        "twin",
        [
            "async def f(x): return await g(x) or 1",
            "async def f(x): return await h(x)",
            "async def f(x=1): return await g(x)",
            "async def f(x): return await g(x, x)",
        ],
        ids=["more", "another", "default", "argument"],
    )
    def test_bites(self, twin: str) -> None:
        """Any other difference is one."""
        plain = "def f(x): return g(x)"

        assert text_of(ast.parse(plain)) != text_of(ast.parse(twin))
