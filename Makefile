# One word per chore. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# --no-deps: a lock is whole, and pip must not resolve anew; pip's own warnings would drown what counts
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
PIP_CHECK := $(PIP) check || $(BIN)/python -m pip check
DATA   ?= .data
PORT   ?= 8080
SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help setup dev demo ohif viewer serve unit test test-long terraform-check image fuzz check bench bench-scale docs format lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

VIEWER = viewer_api/viewer/frontend
VIEWER_BUILT = viewer_api/viewer/built/manifest.json

setup: $(VENV)/.runtime $(VIEWER_BUILT)  ## .venv with the coffre command and the viewer page; nothing outside the checkout
dev: $(VENV)/.dev $(VIEWER_BUILT)  ## setup and everything the tests and checks need

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Coffre needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing Coffre into $(VENV) (a minute or two the first time)"
	@$(PIP) install --no-deps --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP_CHECK)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@$(PIP_CHECK)
	@touch $@

$(VENV)/.full-demo: requirements/full-demo.txt $(VENV)/.runtime
	@$(PIP) install --no-deps --require-hashes -r requirements/full-demo.txt
	@$(PIP_CHECK)
	@touch $@

ifeq ($(ENGINE),full)
demo: dev  ## play the whole story on real files and print it (FULL=1: with real CTs; ENGINE=full: on real engines)
	@$(BIN)/python -m tests.services.full_demo
else
demo: setup $(if $(FULL),$(VENV)/.full-demo)
	@$(BIN)/coffre demo $(if $(FULL),--full)
endif

# without Node.js or npm's registry everything else is installed, and it says what is missing
$(VIEWER_BUILT): $(wildcard $(VIEWER)/*.js $(VIEWER)/*.json $(VIEWER)/src/*) deploy/viewer/build.py deploy/viewer/nodejs.py deploy/viewer/node.txt | $(VENV)/.runtime
	@echo "building the viewer page (a minute or two the first time)"
	@$(BIN)/python deploy/viewer/build.py $(VIEWER) || true

viewer: $(VENV)/.runtime  ## build the viewer page anew, which opens images and PDF in the browser (Node.js, npm)
	@$(BIN)/python deploy/viewer/build.py $(VIEWER)

OHIF_DIST = .ohif/dist
$(OHIF_DIST): deploy/ohif/unpack.py | $(VENV)/.runtime
	@mkdir -p .ohif
	@cd .ohif && ../$(BIN)/python ../deploy/viewer/nodejs.py npm pack --silent @ohif/app@3.13.2 > /dev/null
	@$(BIN)/python deploy/ohif/unpack.py .ohif/ohif-app-3.13.2.tgz $@
	@rm -f .ohif/ohif-app-3.13.2.tgz
	@touch $@

ohif: setup $(OHIF_DIST)  ## fetch OHIF, a stock viewer (npm), into .ohif

serve: setup $(if $(OHIF),ohif)  ## the demo data behind a web server, and by which doors to come in (OHIF=1: and OHIF)
	@$(if $(OHIF),COFFRE_OHIF=$(abspath $(OHIF_DIST))) $(BIN)/coffre demo --serve --data $(DATA) --port $(PORT)

check: dev  ## ruff, mypy strict, import contracts, what nothing calls
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/vulture

MEASURING = $(addprefix --ignore=tests/unit/content/test_,real_files.py mutations.py pdf_bounds.py dicom_attacks.py growth.py pdf_active.py \
	series_stream.py)
# these start servers and processes, or wait for a clock
WAITING = $(addprefix --ignore=tests/unit/,viewer_api/test_gateway_store.py coffre/test_supervisor.py coffre/test_ending_signals.py \
	ingestion/test_standing_in.py)
unit: dev  ## tests without servers, processes or network, in less than a minute; all but those of whole corpora and of growth
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile --hypothesis-profile=quick tests/unit $(MEASURING) $(WAITING)

# the rooms that decide, seal or remember are measured by tests that are about them: measuring takes as long again as
# the tests. These go where others have been: a quarter of a per cent is reached by them alone
GONE_AGAIN = $(addprefix tests/,$(addprefix unit/records/test_,policy_properties.py policy_table.py matrix.py instants.py) \
	$(addprefix contract/test_,roles.py vaults_on_one_store.py) \
	$(addprefix integration/test_,vault_process.py vault_secrets.py vault_taken_over.py quarantine.py qido.py qido_pages.py \
	qido_deposits.py qido_hidden.py) \
	$(addprefix integration/vault/test_,standing_at_random.py standing.py epoch.py decoy.py held_grants.py tables.py \
	quotas.py taken_over_reader.py judging.py telling.py statements.py job_states.py))
DECIDING = $(filter-out $(GONE_AGAIN),$(wildcard $(addsuffix /test_*.py,tests/unit/records tests/unit/audit \
	tests/unit/keyvault tests/integration/vault) tests/integration/test_vault_*.py tests/integration/test_qido*.py) \
	$(addprefix tests/contract/test_,roots.py vault_store.py) tests/integration/test_backup.py)
COVERAGE = --cov=records --cov=keyvault --cov=audit --cov-report=term:skip-covered --cov-report=json:.coverage.json
# three at once on two cores: one of them waits for a server, a lease or a store at any time
PYTEST = PYTHONHASHSEED=0 $(BIN)/python -m tests.services.in_memory -m "not long" -n 3 --dist loadfile --no-loadscope-reorder --durations=40
test: check  ## everything CI runs, at most twenty minutes on two cores
	@$(PYTEST) $(DECIDING) $(COVERAGE) && decided=0 || decided=$$?; \
	$(PYTEST) $(addprefix --ignore=,$(DECIDING)) || exit $$?; exit $$decided
	@$(BIN)/python tests/architecture/coverage_floor.py .coverage.json

CHECKOV = .venv-checkov
$(CHECKOV)/.installed: terraform/checkov.txt | $(VENV)/bin/python
	@echo "installing checkov into $(CHECKOV) (291 MB: its pins are not ours)"
	@$(BIN)/python -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip --disable-pip-version-check --quiet --quiet install --no-deps --require-hashes -r terraform/checkov.txt
	@touch $@

terraform-check: dev $(CHECKOV)/.installed  ## checkov on terraform/, without network
	@$(BIN)/python -m pytest -m long tests/terraform/test_checkov.py

test-long: dev $(CHECKOV)/.installed  ## some hours: 1 000 kills of each set (COFFRE_TEST_ROUNDS), large bodies, 1 000 examples of each property, the vault's suite on Postgres, mutations of what decides
	@$(BIN)/python -m pytest --timeout=3600 -m long --durations=20
	@$(BIN)/python -m pytest --timeout=3600 --hypothesis-profile=many $(shell grep -rlE '^ *@given' tests/unit --include=*.py)
	@COFFRE_TEST_STORE=postgres $(BIN)/python -m pytest --timeout=3600 tests/integration/vault
	@PYTHONHASHSEED=0 $(BIN)/python -m tests.mutations

image: dev  ## the images of every process and of the engines, of Debian's packages and of no registry (root; buildah, mmdebstrap; BUILDAH: more options)
	@deploy/container/bases.sh
	@rm -rf dist && $(BIN)/python -m hatchling build --target wheel > /dev/null
	@buildah bud $(BUILDAH) --tag localhost/coffre --file deploy/container/Containerfile .
	@buildah bud $(BUILDAH) --tag localhost/coffre-engines --file deploy/container/engines/Containerfile .

fuzz: dev  ## fuzz the validators and the reader of multipart (SECONDS=600 each)
	@for target in dicom pdf multipart; do $(BIN)/python -m tests.fuzz $$target --seconds $(SECONDS) || exit 1; done

bench: dev  ## ratios against references measured in the same run
	@$(BIN)/python -m benchmarks --minutes 10

race: dev  ## against Debian's Orthanc, deposits, reading and a page that opens a study: about twenty minutes (ROUNDS=3)
	@$(BIN)/python -m benchmarks race reading-race viewing-race --rounds $(or $(ROUNDS),3)

bench-scale: dev  ## look-ups among 10^7 rows, and rotations of 10^6 records: about half an hour
	@$(BIN)/python -m benchmarks database roots --rows 10000000 --records 1000000

docs: setup  ## print anew the pages that come from the code, draw anew the diagrams that changed (Graphviz)
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/draw.py

format: dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

PIP_COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate pyproject.toml
lock: dev  ## pin the dependencies anew
	@$(PIP_COMPILE) --extra setup --output-file requirements/runtime.txt
	@$(PIP_COMPILE) --extra setup --extra full-demo --extra engines --extra dev --output-file requirements/dev.txt
	@$(PIP_COMPILE) --extra setup --extra full-demo --output-file requirements/full-demo.txt
	@$(PIP_COMPILE) --extra setup --extra engines --output-file requirements/engines.txt
	@$(filter-out pyproject.toml,$(PIP_COMPILE)) deploy/viewer/node.in --output-file deploy/viewer/node.txt
	@$(filter-out pyproject.toml,$(PIP_COMPILE)) terraform/checkov.in --output-file terraform/checkov.txt
	@$(filter-out pyproject.toml,$(PIP_COMPILE)) deploy/container/engines/engines.in --output-file deploy/container/engines/engines.txt
	@$(filter-out pyproject.toml,$(PIP_COMPILE)) deploy/container/compose.in --output-file deploy/container/compose.txt

MEMORY ?= /dev/shm
LEFT = $(wildcard opened coffre-identities $(MEMORY)/coffre-* $(or $(TMPDIR),/tmp)/coffre-* $(or $(TMPDIR),/tmp)/pytest-of-$(shell id -un) \
	$(or $(TMPDIR),/tmp)/orthanc-* $(HOME)/.local/state/coffre)
clean:  ## remove what the other words made inside the checkout, and list what lies elsewhere
	@rm -rf $(VENV) $(CHECKOV) $(dir $(VIEWER_BUILT)) mutants .ohif .axe .data .data-* .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	@find . -name node_modules -prune -exec rm -rf {} +
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@test -z "$(LEFT)" || printf '%s\n' "Left, because you may still need it; remove it yourself:" $(addprefix "  rm -r ",$(LEFT))
