# Rhapsode: `make` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROOMS := core telemetry text audio acoustic vocoders recognition jobs exports synthesis training workers api cli capacity
PIP := PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --constraint constraints.txt
EXTRA ?= cpu
# Most tests wait for processes that they started; a file stays in one process, with its service.
TESTS_AT_ONCE ?= 3
TEXT ?= The quick brown fox jumps over the lazy dog. Rhapsode reads it aloud, and tells what it cost.
OUT ?= out.wav

# distillmos (extra bench) and recipes of recognizers (extra recognition) need torchaudio, whose wheel is linked against CUDA and then does not import;
# it takes a missing extension for absent, and its Python part is enough.
define TORCHAUDIO_WITHOUT_CUDA
import importlib.util, pathlib, torch
found = importlib.util.find_spec("torchaudio")
if found and torch.version.cuda is None:
    [lib.unlink() for lib in pathlib.Path(found.origin).parent.glob("lib/*.so")]
endef
export TORCHAUDIO_WITHOUT_CUDA

# What pip is at: in a terminal one line, written over and over; in a log a line per download. Its errors go past it.
define SHOW_PIP
import sys
terminal, count = sys.stdout.isatty(), 0
for line in sys.stdin:
    word = line.strip().partition(" ")[0]
    if word in ("Downloading", "Using", "Building", "Installing"):
        count += 1
        shown = f"  {count:3} {line.strip()[:72]}"
        print(f"\r\033[K{shown}" if terminal else shown, end="" if terminal else "\n", flush=True)
print("\r\033[K" if terminal else "", end="")
endef
export SHOW_PIP
SHOWN := | $(BIN)/python -c "$$SHOW_PIP"

# A variable for the shell as it was given: neither make nor the shell reads a $ or a quote in it.
quoted = '$(subst ','\'',$(value $(1)))'

.PHONY: help setup demo test test-fast test-browser coverage check check-static format export bench cuda-bench text-bench quality quality-check quality-baseline voices-page samples monitoring load licences train up clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-17s %s\n", $$1, $$2}'

# A stamp per extra: installed again only when the pins change. torch comes first and alone, so that
# no other requirement picks a build of it.
$(VENV)/.torch: constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV), once: torch …"
	@$(PIP) torch $(SHOWN)
	@touch $@

$(VENV)/.%: $(VENV)/.torch pyproject.toml constraints.txt
	@echo "setting up $(VENV), once: rhapsode[$*] …"
	@$(PIP) --editable '.[$*]' $(SHOWN)
	@$(BIN)/python -c "$$TORCHAUDIO_WITHOUT_CUDA"
	@touch $@

setup: $(VENV)/.$(EXTRA) ## make .venv with everything the service needs (EXTRA=gpu for CUDA)

demo: setup ## speak TEXT="…" through the whole service into OUT=out.wav (JSON=1: the job as JSON)
	@$(BIN)/rhapsode demo $(if $(JSON),--json) --output $(call quoted,OUT) -- $(call quoted,TEXT)

up: setup ## Redis, API and workers on this machine, until Ctrl-C
	@$(BIN)/rhapsode up

test: setup $(VENV)/.dev ## all tests (real Redis, real workers)
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile

test-fast: setup $(VENV)/.dev ## unit and property tests and doctests, below a minute
	$(BIN)/python -m pytest $(ROOMS) benchmarks tests/unit tests/property

test-browser: setup $(VENV)/.dev ## the studio in a real browser, where there is one
	$(BIN)/python -m pytest tests/browser

coverage: setup $(VENV)/.dev ## all tests, with the lines they reach and the floor of pyproject.toml
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist loadfile --cov --cov-report=term:skip-covered

check-static: setup $(VENV)/.dev ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: check-static test ## everything that must hold before a change lands

format: $(VENV)/.dev ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

export: setup ## TorchScript and ONNX of every component, with their parity reports
	$(BIN)/rhapsode export

bench: setup $(VENV)/.bench ## speed of the whole pipeline beside Piper
	$(BIN)/python -m benchmarks.speed

cuda-bench: setup ## speed of every pair on a GPU by runtime, precision and batch, as a table (EXTRA=gpu)
	$(BIN)/python -m benchmarks.cuda

text-bench: setup ## how well texts are read: cases by class, homographs, unknown words, sentences per second
	$(BIN)/python -m benchmarks.text --unknown

quality: setup $(VENV)/.bench ## WER, DNSMOS and Distill-MOS beside the teacher, Piper, espeak-ng (SENTENCES=12: fewer)
	$(BIN)/python -m benchmarks.quality --json var/quality/scores.json --pictures var/quality/pictures $(if $(SENTENCES),--sentences $(SENTENCES))

quality-check: ## does the last `make quality` stay within the regression bands?
	$(BIN)/python -m benchmarks.quality.check

quality-baseline: quality ## measure, then make tables, pictures and bands of the baseline and the voices' cards from it
	$(BIN)/python -m benchmarks.quality.render
	$(BIN)/python -m benchmarks.quality.cards

voices-page: setup $(VENV)/.bench ## speed of every pair on one core, and docs/choosing.md from it and the last quality run
	$(BIN)/python -m benchmarks.speed --processes 1 --runtimes onnx,torchscript --sentences 12 --rounds 3 --json var/quality/speed.json
	$(BIN)/python -m benchmarks.quality.page

samples: setup $(VENV)/.bench ## a sentence of every voice and pair into docs/samples
	$(BIN)/python -m benchmarks.quality.samples

monitoring: setup $(VENV)/.dev ## every dashboard query, rule and alert on a real Prometheus after a load run
	$(BIN)/python -m benchmarks.monitoring

load: setup $(VENV)/.bench ## 200 concurrent requests and a 60-minute text through the whole service
	$(BIN)/python -m benchmarks.load

licences: setup $(VENV)/.dev ## docs/licences.md from what is installed
	@$(BIN)/python -m tests.licences

train: setup $(VENV)/.train ## go on training the default voice (see `rhapsode train --help`)
	$(BIN)/rhapsode train fastspeech2
	$(BIN)/rhapsode train hifigan

clean: ## remove the environment, caches and what trainings and benchmarks wrote
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
