#!/bin/sh
# Build the wheel and try it where nothing else is installed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m build --quiet --wheel --outdir "$folder" . >/dev/null
wheel=$(echo "$folder"/*.whl)
constraints=$PWD/constraints.txt

install() { # install FOLDER EXTRAS
  python=$1/bin/python
  [ -x "$python" ] || .venv/bin/python -m venv "$1"
  "$python" -m pip install --quiet --disable-pip-version-check -c "$constraints" "$wheel$2"
}

echo "the wheel alone: attrs and the standard library"
install "$folder/bare" ""
cd "$folder"
bare/bin/python - <<'PYTHON'
import sys

import assignment_actions

names = {name.partition(".")[0] for name in sys.modules}
third_party = names - set(sys.stdlib_module_names) - {"__main__", "assignment_actions"}
assert third_party <= {"attr", "attrs"}, third_party
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

echo "the types of its public names are complete"
install "$folder/cli" "[all]"
"$OLDPWD/.venv/bin/pyright" --pythonpath cli/bin/python --ignoreexternal \
  --verifytypes assignment_actions | tail -n 12
