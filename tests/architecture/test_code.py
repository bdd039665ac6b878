import ast
import inspect

import pytest
from architecture.modules import MODULES, Module

import assignment_actions

LIMIT = 60
Function = ast.FunctionDef | ast.AsyncFunctionDef
ALL = pytest.mark.parametrize("module", MODULES.values(), ids=lambda one: one.name)


def functions(module: Module) -> list[Function]:
    """Return all functions of a module, nested ones too."""
    return [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@ALL
def test_no_long_functions(module: Module) -> None:
    """No function is longer than 60 lines, its docstring included."""
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in functions(module)
    }

    assert {name for name, lines in lengths.items() if lines > LIMIT} == set()


@ALL
def test_no_naive_present(module: Module) -> None:
    """Nothing asks for the present without a time zone (regression: T29)."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("utcnow", "utcfromtimestamp"), module.name
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("now", "fromtimestamp")
            and ast.unparse(node.func.value) in ("datetime", "datetime.datetime")
        ):
            assert node.args or node.keywords, f"{module.name}: {ast.unparse(node)}"


def test_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted, and every name in it can be imported."""
    names = assignment_actions.__all__

    assert sorted(names) == names
    assert all(hasattr(assignment_actions, name) for name in names)


@pytest.mark.parametrize("name", assignment_actions.__all__)
def test_public_docstrings(name: str) -> None:
    """Every public name and every public method of it says what it is for."""
    public = getattr(assignment_actions, name)

    assert inspect.getdoc(public)
    for method, value in vars(public).items():
        if not method.startswith("_") and callable(getattr(value, "__func__", value)):
            assert inspect.getdoc(value), f"{name}.{method}"
        if isinstance(value, property):
            assert inspect.getdoc(value), f"{name}.{method}"
