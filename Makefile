# Every target does its own set-up; `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
ARGS ?=
SIZE ?= full
TRAIN_full := --train-rows 500000 --train-columns 300

# uv comes from the machine or, where it has none, with pip into this clone.
UV := $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.tools/bin/uv)
RUN := $(UV) run --no-sync
# A company's proxy signs with a certificate that the machine knows and uv's own list does not.
export UV_SYSTEM_CERTS ?= true
# Else each start of a command compiles what it imports, where Python may not or must not write beside it.
export UV_COMPILE_BYTECODE ?= 1
# Two depths of set-up: what the job needs, and what tests and benchmarks need on top of it (Spark, the peers).
SYNCED := .venv/.synced
COMPLETE := .venv/.complete

.PHONY: help setup demo test test-slow check bench soak writers results clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | while IFS=$$'\t' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

setup: $(COMPLETE) ## install everything that uv.lock names into .venv

demo: $(SYNCED) ## sample, train, compare, serve: the whole of it in one go (ARGS=--no-serve ends after the scores)
	$(RUN) lead-scoring demo $(ARGS)

test: $(COMPLETE) ## run the tests but for those of `check`, file by file on two cores (ARGS="-k words" picks some)
	$(RUN) pytest -n 2 --dist loadfile -p no:benchmark --ignore tests/house $(ARGS)

test-slow: $(COMPLETE) ## run the tests that take minutes
	$(RUN) pytest -m slow $(ARGS)

check: $(COMPLETE) ## lint, format, types, floors, known vulnerabilities, lock file and docs in step
	$(UV) lock --check
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python deploy/audit.py || test $$? -eq 3
	$(RUN) pytest -q tests/house

bench: $(COMPLETE) ## time the seeded workloads, then features and the service beside their peers, into docs/benchmarks*.md (SIZE=small: minutes), and the store
	$(RUN) pytest benchmarks -o filterwarnings=default --benchmark-columns=min,median,max,rounds --benchmark-sort=name $(TRAIN_$(SIZE)) $(ARGS)
	$(RUN) python -m benchmarks.scale --size $(SIZE)
	$(RUN) python -m benchmarks.serving --size $(SIZE)
	$(RUN) python -m benchmarks.store.ingestion
	$(RUN) python -m benchmarks.store.training
	$(RUN) python -m benchmarks.store.asking

soak: $(COMPLETE) ## let good, greedy, bad, slow and cut-off clients at the service for ten minutes, into docs/soak.md (ARGS="--minutes 1")
	$(RUN) python -m benchmarks.soak $(ARGS)

writers: $(COMPLETE) ## eight writers post 200,000 interactions while the service is killed twenty times (ARGS="--help")
	$(RUN) python -m benchmarks.intake $(ARGS)

results: $(COMPLETE) ## what training reaches, into docs/results.md, of the parts that are not in benchmarks/measured (ARGS="--part truth --seeds 1")
	$(RUN) python -m benchmarks.results $(ARGS)

clean: ## remove what the targets made, but for .venv
	rm -rf demo mlflow.db mlartifacts .lead-scoring .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache

$(SYNCED): pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --inexact
	@touch $@

$(COMPLETE): pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --all-extras --group peers
	@touch $@ $(SYNCED)

$(CURDIR)/.tools/bin/uv:
	python3 -m pip install --quiet --disable-pip-version-check --target .tools uv
