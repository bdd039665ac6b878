#!/bin/sh
# Build the wheel and try it where nothing else is installed.
set -eu
project=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m build --wheel --outdir "$folder" . >/dev/null 2>&1
wheel=$(echo "$folder"/*.whl)

install() { # install FOLDER EXTRAS
  python=$1/bin/python
  [ -x "$python" ] || "$project/.venv/bin/python" -m venv "$1"
  "$python" -m pip install --quiet --disable-pip-version-check -c "$project/constraints.txt" "$wheel$2"
}

echo "the wheel alone: attrs and the standard library"
install "$folder/bare" ""
cd "$folder"
bare/bin/python - <<'PYTHON'
import sys

before = set(sys.modules)
import assignment_actions

names = {name.partition(".")[0] for name in set(sys.modules) - before}
third_party = names - set(sys.stdlib_module_names)
assert third_party == {"attr", "attrs", "assignment_actions"}, third_party
recorder = assignment_actions.ActionRecorder(assignment_actions.InMemoryActionRepository())
with recorder.recording(7, "notified"):
    pass
assert str(recorder.history.outcome(7, "notified")).startswith("Yes"), "no answer"
try:
    import assignment_actions.adapters.sql
except ImportError as error:
    assert "assignment-actions[sql]" in str(error), error
else:
    raise AssertionError("the SQL adapter was imported without SQLAlchemy")
PYTHON

echo "the wheel with its command line"
install "$folder/cli" "[cli]"
cli/bin/assignment-actions --db sqlite:///new.sqlite3 schema create
cli/bin/assignment-actions --db sqlite:///new.sqlite3 schema check

echo "the wheel in an event loop, on SQLite"
install "$folder/async" "[aiosqlite]"
async/bin/python - <<'PYTHON'
import asyncio
from uuid import uuid4

from assignment_actions import AsyncActionRecorder
from assignment_actions.adapters.sql import AsyncSqlActionRepository


async def main():
    repository = AsyncSqlActionRepository.from_url("sqlite:///async.sqlite3")
    await repository.create_schema()
    recorder = AsyncActionRecorder(repository)
    async with recorder.recording(assignment, "notified"):
        pass
    said = str(await recorder.history.outcome(assignment, "notified"))
    assert said.startswith("Yes"), said
    await recorder.close()


assignment = uuid4()
asyncio.run(main())
PYTHON

echo "the types of its public names are complete"
install "$folder/cli" "[all]"
mkdir elsewhere && cd elsewhere
VIRTUAL_ENV=$folder/cli PATH=$folder/cli/bin:$PATH "$project/.venv/bin/pyright" \
  --ignoreexternal --verifytypes assignment_actions > types.txt || {
  cat types.txt
  exit 1
}
grep score types.txt
