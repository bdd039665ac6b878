# Two commands need nothing but Python >= 3.11: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check coverage faults cluster fuzz bench bench-quick \
  bench-ten-million instructions instructions-update lint types wheel constraints clean

demo: .venv/demo-is-installed  ## record real actions, some failing for real, and ask about them
	$(BIN)/assignment-actions demo

test: .venv/dev-is-installed  ## every test, on every store that can be reached
	$(BIN)/pytest -n 2 --dist worksteal $(BUT)
	$(BIN)/pytest -q -n 2 --dist loadfile -p no:randomly \
	  README.md ARCHITECTURE.md CONTRIBUTING.md docs src

check: test coverage lint types wheel  ## all that CI checks

faults: .venv/dev-is-installed  ## the long form of tests/faults and tests/concurrency; ends with tables
	ASSIGNMENT_ACTIONS_KILLS=667 ASSIGNMENT_ACTIONS_RACES=200 \
	ASSIGNMENT_ACTIONS_RECONCILE=5000 ASSIGNMENT_ACTIONS_OUTAGE_SECONDS=20 \
	ASSIGNMENT_ACTIONS_PURGE=1000000 ASSIGNMENT_ACTIONS_ERASURE=100000 \
	ASSIGNMENT_ACTIONS_CANCELLATIONS=500 \
	  $(BIN)/pytest -q -p no:randomly tests/faults tests/concurrency tests/sql/test_erasure.py

cluster: .venv/dev-is-installed  ## three MariaDB Galera nodes on loopback, cut off and killed
	ASSIGNMENT_ACTIONS_CLUSTER=15 $(BIN)/pytest -q -p no:randomly tests/cluster
	$(BIN)/python tests/cluster/run.py $(BIN)/pytest -q tests/contract/test_sql.py -k mariadb

bench: .venv-bench/is-installed  ## floor, this library and its peers, to 1 million actions
	.venv-bench/bin/python -m benchmarks

bench-ten-million: .venv-bench/is-installed  ## how cost grows to 10 million actions
	.venv-bench/bin/python -m benchmarks --ten-million

bench-quick: .venv-bench/is-installed  ## the same in a few minutes; ends with the table
	.venv-bench/bin/python -m benchmarks --quick

instructions: .venv/dev-is-installed  ## what each call costs the processor, no clock
	$(BIN)/python -m benchmarks.instructions

instructions-update: .venv/dev-is-installed  ## let these be the committed figures
	$(BIN)/python -m benchmarks.instructions --update

fuzz: .venv/dev-is-installed  ## ten minutes of whatever may come in
	ASSIGNMENT_ACTIONS_FUZZ=86 $(BIN)/pytest -q -p no:randomly tests/fuzz

coverage: .venv/dev-is-installed  ## the domain and the memory adapter, every branch
	$(BIN)/pytest -q -n 2 tests/domain tests/adapters tests/concurrency/test_leaving.py --cov=assignment_actions.domain \
	  --cov=assignment_actions.adapters.memory --cov=assignment_actions.openedx \
	  --cov-report=term-missing:skip-covered --cov-fail-under=100 tests/openedx

lint: .venv/dev-is-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev-is-installed
	$(BIN)/mypy src tests examples benchmarks

wheel: .venv/dev-is-installed  ## the built wheel, alone in a clean environment
	sh tests/wheel.sh

constraints: .venv/dev-is-installed
	sed -n '/^#/p' constraints.txt > .constraints.new
	$(BIN)/python -m pip freeze --exclude-editable >> .constraints.new
	mv .constraints.new constraints.txt

clean:
	rm -rf .venv .venv-bench build dist

.venv/is-made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo-is-installed: .venv/is-made pyproject.toml constraints.txt
	$(INSTALL) -e '.[cli]'
	touch $@

.venv-bench/is-installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c constraints.txt -e '.[sql,postgresql,mysql]' -r benchmarks/requirements.txt
	touch $@

.venv/dev-is-installed: .venv/is-made pyproject.toml constraints.txt requirements-dev.txt
	$(INSTALL) -e '.[all]' -r requirements-dev.txt
	touch $@
