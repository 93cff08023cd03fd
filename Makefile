# People and CI run the same targets. `make demo` and `make test` do everything on a machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check lab clean

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "workbench needs Python 3.11 to 3.13, $(PYTHON) is $$($(PYTHON) --version 2>&1); try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,dev]'
	$(BIN)/python -m workbench.machine.opencv_build
	@touch $@

demo: setup
	$(BIN)/workbench run --frames 130 --preset naive --preset graph --preset xla --preset litert \
		--preset litert,runtime.precision=float16 --preset litert,runtime.precision=dynamic-int8 --preset litert-int8 \
		--report report.html

test: setup
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lab: setup
	$(BIN)/workbench lab

clean:
	rm -rf $(VENV) report.html
