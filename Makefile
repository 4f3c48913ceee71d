# make run    sets up and starts gradbot (terminal chat when no Telegram token is set); make run ARGS="ask 怎么注册"
# make test   sets up and runs all tests; make test ARGS="tests/store -x"; with coverage: ARGS="--cov --cov-report=term";
#             TEST_THOROUGH=1 tries everything, as .ci/run does: what is slow, and what is tried at random more often
# make lint   style, format, types, import rules
# What is installed is pinned with hashes in requirements-dev.txt (its head says how to make it anew).
# The first call makes .venv with the first Python >= 3.11 that runs here; PYTHON=/path/to/python chooses another.

.DEFAULT_GOAL := run
.PHONY: run test lint
ARGS ?=
PYTHON ?=
# Half as many again as there are processors: tests wait for browsers and processes about a third of their time.
WORKERS = $(shell $(PY) -c 'import os; print(max(1, (os.cpu_count() or 1) * 3 // 2))')
PY := .venv/bin/python
READY := .venv/.ready
# A copied or half-made environment has a stamp but no Python that runs: forget the stamp then.
ifneq ($(shell $(PY) -c 'print(1)' 2>/dev/null),1)
$(shell rm -f $(READY))
endif

$(READY): pyproject.toml requirements-dev.txt
	@set -e; if ! $(PY) -c '' 2>/dev/null; then \
	  for python in $(PYTHON) python3.11 python3.12 python3.13 python3 python; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found="$$python"; break; fi; \
	  done; \
	  if [ -z "$${found:-}" ]; then \
	    echo "gradbot needs Python >= 3.11, none was found; name one: make PYTHON=/path/to/python" >&2; exit 2; \
	  fi; \
	  "$$found" -m venv --clear .venv || { \
	    echo "$$found cannot make a virtual environment (Debian, Ubuntu: apt install python3-venv)" >&2; exit 2; \
	  }; \
	fi; \
	echo "Setting up .venv (once, a minute or two) ..." >&2; \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	$(PY) -m compileall -q bot faq flows
	@touch $(READY)

run: $(READY)
	@$(PY) -m bot $(ARGS)

test: $(READY)
	$(PY) -m pytest --numprocesses=$(WORKERS) --dist=worksteal $(ARGS)

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command as run; run()'
