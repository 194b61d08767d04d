# Everything greenlane does from a bare clone. Needs Python 3.11 or newer, make and git; no root,
# no Docker. Each target first sees to .venv, built from the one lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests mostly wait for servers, so that two cores have work for four.
PYTEST_WORKERS ?= 4
PYTEST_ARGS ?=
PROGRAMME ?= P01
SEED ?=

.PHONY: help install demo up down status migrate test lint check format bench soak walk replay lock requirements clean

help:
	@echo 'make demo    watch one hospital stay from report to repayment, on real servers;'
	@echo '             PROGRAMME=P02, P04, P15, P19, P20 or P21 tells theirs'
	@echo 'make up      start everything and keep it serving; Ctrl-C stops it'
	@echo 'make down    end what runs from here; status shows it'
	@echo 'make test    every test'
	@echo 'make check   the whole gate: format, lint, types, imports, tests'
	@echo 'make bench   latency, throughput and size, beside a bare Temporal client'
	@echo 'make requirements  where each requirement stands, per programme'
	@echo 'make soak    many cases at once while processes are killed, and the seeded walks'
	@echo 'make walk    500 seeded walks each over cases, bookings and rescues; SEED=17, b17 or r17 tells one'
	@echo 'make clean   stop what runs from here and remove .venv, caches and ./var'

install: $(STAMP)

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "greenlane needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo 'Installing the locked dependencies into $(VENV) (about 300 MB, once) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python cli.py demo --programme $(PROGRAMME)

up: $(STAMP)
	@exec $(BIN)/python cli.py up

down: $(STAMP)
	@$(BIN)/python cli.py down

status: $(STAMP)
	@$(BIN)/python cli.py status

migrate: $(STAMP)
	@$(BIN)/python cli.py migrate

# A run starts some two hundred processes; none compiles what another one has compiled.
test: export PYTHONDONTWRITEBYTECODE =
test: $(STAMP)
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup $(PYTEST_ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports

check: lint test

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP)
	@$(BIN)/python -m bench

soak: walk
	@$(BIN)/python -m tests.soak

# The virtual time of a walk needs no server; a seed that fails is named with its command.
walk: $(STAMP)
	@$(BIN)/python -m tests.walk $(SEED)

replay: $(STAMP)
	@$(BIN)/python cli.py replay

requirements: $(STAMP)
	@$(BIN)/python -m tests.house.traceability

lock: $(STAMP)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
		requirements-dev.in -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
		-c requirements.lock requirements.in -o requirements-run.lock

clean:
	@if [ -x $(BIN)/python ]; then $(BIN)/python cli.py down || true; fi
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
