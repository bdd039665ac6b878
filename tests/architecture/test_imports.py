import subprocess
import sys

import pytest
from architecture.modules import MODULES, PACKAGE, Module

DOMAIN = f"{PACKAGE}.domain"
REDACTING = {
    *("secret_keys", "harmless_values", "announced_key", "cloud_keys", "secrets"),
    *("secret_numbers", "host_values", "sql_parameters", "key_value_forms"),
    *("header_values", "command_lines", "key_values", "redaction_rules", "redacting"),
    "scouts",
}
# inner to outer: a module imports only from stages before its own, or its own stage
STAGES = (
    {"values", "blanks"},
    {"patterns", "details", "vocabulary", "errors", "ids", "cuts", "frames"},
    REDACTING,
    {"redaction"},
    {"fingerprint", "ready_reasons"},
    {"reasons"},
    {"walk"},
    {"stacktrace"},
    {"failure"},
    {"action"},
    {"timeline", "filters", "pages", "groups", "leftovers", "batches"},
    {"ports", "retention"},
    {"context", "concurrency", "awaited"},
    {"rules", "kept", "history", "async_history"},
    {"settling", "erasure"},
    {"recorder_of", "recording", "async_recording", "reconcile"},
    {"recorded", "async_recorded"},
    {"recorder", "async_recorder"},
)
STAGE = {name: number for number, names in enumerate(STAGES) for name in names}
# an error carries an action, a recording its recorder; only a type checker follows that
ALLOWED_BACKWARDS = {
    ("errors", "action"),
    ("recording", "recorder"),
    ("async_recording", "async_recorder"),
}
# what shields from cancellation under any event loop; loaded with AsyncActionRecorder
EVENT_LOOPS = {f"{DOMAIN}.concurrency": {"anyio"}}
LIBRARIES = {
    "adapters.journal": {"attrs"},
    "adapters.memory": set[str](),
    "adapters.sql": {"sqlalchemy", "psycopg", "pymysql", "greenlet", "attrs"},
    "cli": {"typer", "rich", "click", "sqlalchemy", "attrs"},
    "testing": {"pytest", "hypothesis", "attrs"},
}


def within(*parts: str) -> list[Module]:
    """Return the modules of a part of the package."""
    prefixes = tuple(f"{PACKAGE}.{part}" for part in parts)
    return [
        module
        for name, module in MODULES.items()
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
    ]


def short(name: str) -> str:
    """Return the last part of a module's name."""
    return name.rpartition(".")[2]


def third_party(module: Module) -> set[str]:
    """Return the libraries that a module imports."""
    tops = {one.module.partition(".")[0] for one in module.imports()}
    return tops - sys.stdlib_module_names - {PACKAGE}


DOMAIN_MODULES = [one for one in within("domain") if one.name != DOMAIN]


class TestDomain:
    @pytest.mark.parametrize("module", DOMAIN_MODULES, ids=lambda one: short(one.name))
    def test_directions(self, module: Module) -> None:
        """Errors ← action ← timeline, filters ← ports ← recorder, history."""
        for name in module.own_imports(typing_too=True):
            pair = short(module.name), short(name)
            if pair not in ALLOWED_BACKWARDS or name in module.own_imports():
                assert STAGE[pair[1]] <= STAGE[pair[0]], f"{pair[0]} imports {pair[1]}"

    @pytest.mark.parametrize("module", DOMAIN_MODULES, ids=lambda one: short(one.name))
    def test_is_pure(self, module: Module) -> None:
        """The domain imports the standard library, attrs and itself."""
        assert third_party(module) <= {"attrs"} | EVENT_LOOPS.get(module.name, set())
        for name in module.own_imports(typing_too=True):
            assert name.startswith(f"{DOMAIN}.")

    def test_only_the_async_recorder_needs_an_event_loop(self) -> None:
        """What is loaded at once never loads what needs an event loop's library."""
        needing = {"async_recorder", "async_recording", "concurrency"}
        for module in DOMAIN_MODULES:
            if short(module.name) not in needing:
                assert not {short(one) for one in module.loads()} & needing

    @pytest.mark.parametrize("module", DOMAIN_MODULES, ids=lambda one: short(one.name))
    def test_does_no_io(self, module: Module) -> None:
        """Nothing in the domain opens files, sockets or processes."""
        forbidden = {"os", "io", "socket", "sqlite3", "subprocess", "pathlib", "http"}
        tops = {one.module.partition(".")[0] for one in module.imports()}

        assert not tops & forbidden


class TestAdapters:
    @pytest.mark.parametrize("part", LIBRARIES)
    def test_own_library_only(self, part: str) -> None:
        """Each part imports the library it is named for, and no other's."""
        modules = within(part)

        assert modules, f"there is no {part}"
        for module in modules:
            assert third_party(module) <= LIBRARIES[part], module.name

    @pytest.mark.parametrize("adapter", ["journal", "memory", "sql"])
    def test_domain_and_itself(self, adapter: str) -> None:
        """An adapter imports the domain and itself, never another adapter."""
        own = f"{PACKAGE}.adapters.{adapter}"
        for module in within(f"adapters.{adapter}"):
            for name in module.own_imports(typing_too=True):
                assert name.startswith((own, f"{DOMAIN}.")), f"{module.name}: {name}"

    def test_openedx_derives_from_the_domain(self) -> None:
        """The Open edX profile imports the domain and nothing else."""
        (module,) = within("openedx")

        assert not third_party(module) - {"attrs"}
        for name in module.own_imports(typing_too=True):
            assert name.startswith(f"{DOMAIN}.")

    def test_nothing_imports_the_outside(self) -> None:
        """Command line, testing kit and profile are imported only from outside."""
        outside = ("cli", "testing", "openedx")
        for part in outside:
            inner = set(MODULES) - {one.name for one in within(part)}
            for name in inner - {one.name for one in within("cli")}:
                for imported in MODULES[name].own_imports(typing_too=True):
                    assert not imported.startswith(f"{PACKAGE}.{part}"), name


def test_no_cycles() -> None:
    """At run time no module imports itself by way of others."""
    left = {name: module.loads() & set(MODULES) for name, module in MODULES.items()}
    while left:
        free = {name for name, imports in left.items() if not imports & set(left)}
        assert free, f"a cycle among {sorted(left)}"
        left = {name: imports for name, imports in left.items() if name not in free}


def test_the_package_loads_only_attrs() -> None:
    """Importing the package loads attrs and the standard library, nothing else."""
    script = (
        "import sys; before = set(sys.modules); import assignment_actions;"
        " print(*{n.partition('.')[0] for n in set(sys.modules) - before})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    extra = set(loaded.stdout.split()) - sys.stdlib_module_names
    assert extra <= {PACKAGE, "attr", "attrs"}
