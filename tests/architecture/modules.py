"""The package as syntax trees: what each module imports, and when."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs

import assignment_actions

ROOT = Path(assignment_actions.__file__).parent
PACKAGE = "assignment_actions"


@attrs.frozen
class Import:
    """
    One imported module.

    `is_typing` where only a type checker loads it, `is_deferred` where a function
    loads it when it is called.
    """

    module: str
    is_typing: bool
    is_deferred: bool


@attrs.frozen
class Module:
    """One file of the package."""

    name: str
    path: Path
    tree: ast.Module

    def imports(self) -> Iterator[Import]:
        """Yield what this module imports, anywhere in it."""
        yield from _imports(self.tree, is_typing=False, is_deferred=False)

    def own_imports(self, *, typing_too: bool = False) -> set[str]:
        """Return the modules of this package that it imports, at once or later."""
        return {
            one.module
            for one in self.imports()
            if one.module.split(".")[0] == PACKAGE and (typing_too or not one.is_typing)
        } - {self.name}

    def loads(self) -> set[str]:
        """Return the modules of this package that importing it imports."""
        at_once = {one.module for one in self.imports() if not one.is_deferred}
        return self.own_imports() & at_once


def _imports(node: ast.AST, *, is_typing: bool, is_deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for name in child.names:
                yield Import(name.name, is_typing, is_deferred)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, "imports are absolute"
            assert child.module is not None
            for name in child.names:
                full = f"{child.module}.{name.name}"
                module = full if _is_module(full) else child.module
                yield Import(module, is_typing, is_deferred)
        else:
            yield from _imports(
                child,
                is_typing=is_typing or _is_typing_block(child),
                is_deferred=is_deferred
                or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef),
            )


def _is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    _name_of(path): Module(_name_of(path), path, ast.parse(path.read_text("utf-8")))
    for path in sorted(ROOT.rglob("*.py"))
}
