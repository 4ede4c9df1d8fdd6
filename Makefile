# What a person runs and what CI runs, from a fresh clone: git, make, Rust, Node 20 and Python 3.11 are enough.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# `make demo TAP=auto` taps Send by itself.
TAP ?= manual
# `make bench QUICK=1` takes three minutes in place of fifteen.
QUICK ?=
# `make bench-server AGAINST=path/to/loggin-server` measures another build in turns with this one.
AGAINST ?=
PYTHON ?= python3
# `make faults ROUNDS=1 SEED=7` runs one round again.
ROUNDS ?= 1000
SEED ?= 1
# `make redteam CHECK=--check` compares what was found with docs/security.md.
CHECK ?=
# `make explore DEPTH=20` walks the orders of what may happen to a login that deep.
DEPTH ?= 14
# `make fuzz SECONDS=600` fuzzes each target for that long.
SECONDS ?= 60

VENV := .venv
BIN := $(VENV)/bin
# What is up to date: an empty file beside what each step makes, so that both go together.
MATURIN := $(VENV)/maturin.stamp
PYTHON_TOOLS := $(VENV)/tools.stamp
PYTHON_PACKAGE := $(VENV)/package.stamp
NODE_MODULES := node/node_modules/installed.stamp
NODE_PACKAGES := node/node_modules/built.stamp
# The workspaces, and those who use them as an app of somebody else does.
NPM_PROJECTS := node tests/e2e/node tests/e2e/browser examples/express examples/node
# The example for Next.js, built once for each version that we support.
NEXT_APPS := target/nextjs.stamp
# What the documentation's snippets and recipes use, installed as somebody's own app has it.
RECIPES := target/recipes.stamp
# What the benchmarks measure is built for release, beside what the tests use.
BENCH := target/bench
BENCH_PYTHON := $(BENCH)/venv/package.stamp
BENCH_NODE := $(BENCH)/node-sdk/built.stamp
# What builds the package for Debian, in the version that its tests were written with.
CARGO_DEB := target/tools/bin/cargo-deb
CARGO_DEB_VERSION := 3.8.0
# What makes and judges the packages of a release.
RELEASE := target/tools/release
RELEASE_TOOLS := $(RELEASE)/installed.stamp
# What makes the site of the documentation.
DOCS := target/tools/docs
DOCS_TOOLS := $(DOCS)/installed.stamp
TYPEDOC := target/tools/typedoc/node_modules/.bin/typedoc
TYPEDOC_VERSION := 0.28.20
# What reads the workflows of a hosted CI.
ACTIONLINT := target/tools/bin/actionlint
ACTIONLINT_VERSION := v1.7.10
MANAGERS := tests/install/managers/node_modules/installed.stamp
BENCH_PEERS := tests/bench/node/node_modules/installed.stamp

CARGO := cargo
LOCKED := --locked
BIOME := node/node_modules/.bin/biome
# The tests build all of the workspace, where some dependencies have more features: who runs them anyway is spared a second
# build of most crates with `make BINARIES='--workspace --bins'`.
BINARIES ?= -p loggin-server -p whatsapp-simulator

# What is linted and documented: all but one call of UniFFI's generator, as checking that takes the compiler minutes.
CHECKED := --workspace --exclude loggin-mobile-bindgen

manifests := Cargo.toml Cargo.lock core/Cargo.toml core/protocol/Cargo.toml
core_sources := $(shell find core/src core/protocol/src -name '*.rs')
# Python's own files are not copied, so that editing them needs no build.
python_sources := $(shell find bindings/python -type f) $(wildcard python/pyproject.toml)
node_sources := $(shell find bindings/node -type f) \
	$(shell find node -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/tests/*' -not -name '*.node')

next_sources := tests/e2e/nextjs/build tests/e2e/nextjs/follow.mjs docs/nextjs.md $(shell find examples/nextjs tests/e2e/nextjs/fortress tests/e2e/nextjs/followed tests/e2e/nextjs/next-15 \
	-type f -not -path '*/node_modules/*' -not -path '*/.next/*')

recipe_sources := tests/e2e/recipes/build tests/e2e/recipes/package-lock.json $(shell find docs -name '*.md')

.PHONY: help version metadata check-release dist test-dist prepare build build-rust build-tests build-python build-node build-nextjs build-recipes build-fuzz build-kotlin package-server package-tools demo test test-rust test-python test-node test-recipes test-browser test-kotlin test-swift test-packaging test-node-majors test-checks explore pumping redteam fuzz races faults faults-nodes sanitize soak \
	check check-format check-lint check-dependencies check-docs check-tree check-generated generate bench bench-otp bench-server bench-growth bench-history timing-otp bench-docs bench-otp-docs bench-server-docs fmt clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Building ------------------------------------------------------------------------------------------

build: build-rust build-python build-node ## build the server, the simulator, the Python package (in .venv) and the npm workspaces

build-rust: ## build the server and the simulator into target/debug
	$(CARGO) build $(LOCKED) $(BINARIES)

build-python: $(PYTHON_TOOLS) $(PYTHON_PACKAGE) ## install `loggin` and the Python tools into .venv

build-node: $(NODE_PACKAGES) ## install and build the npm workspaces

build-nextjs: $(NEXT_APPS) ## build the Next.js example for each version of Next.js that its tests use

build-tests: build-rust ## build the tests of the Rust workspace
	$(CARGO) test $(LOCKED) --workspace --no-run

# Its tool comes by pip, which an environment that is just being made does not have yet.
build-fuzz: | $(BIN)/python ## build the fuzz targets
	tests/scripts/fuzz --build

build-kotlin: ## compile the Kotlin package and its tests
	tests/scripts/kotlin --build

build-recipes: $(RECIPES) ## install what the snippets and recipes of the documentation use

package-server: package-tools ## build the Debian package of the server into target/debian
	PATH="$(abspath $(dir $(CARGO_DEB))):$$PATH" $(CARGO) deb $(LOCKED) --package loggin-server --output target/debian/

package-tools: $(CARGO_DEB) ## install what builds the package into target/tools

$(CARGO_DEB):
	$(CARGO) install --quiet --locked --debug --version $(CARGO_DEB_VERSION) --root target/tools cargo-deb

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# All that a build of the package needs, and so the demo.
$(MATURIN): python/requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile "$$(grep '^maturin==' $<)"
	@touch $@

# After maturin: pip does not run twice in one environment.
$(PYTHON_TOOLS): python/requirements-dev.txt $(MATURIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@

$(PYTHON_PACKAGE): $(MATURIN) $(manifests) $(core_sources) $(python_sources)
	cd python && VIRTUAL_ENV=$(abspath $(VENV)) ../$(BIN)/maturin develop $(LOCKED)
	@touch $@

$(NODE_MODULES): $(addsuffix /package-lock.json,$(NPM_PROJECTS))
	for project in $(NPM_PROJECTS); do (cd $$project && npm ci --no-audit --no-fund); done
	@touch $@

$(NODE_PACKAGES): $(NODE_MODULES) $(manifests) $(core_sources) $(node_sources)
	cd node && npm run build
	@touch $@

$(NEXT_APPS): $(NODE_PACKAGES) $(next_sources)
	tests/e2e/nextjs/build
	@touch $@

$(RECIPES): $(NODE_PACKAGES) $(recipe_sources)
	tests/e2e/recipes/build
	@touch $@

prepare: build build-tests build-nextjs build-recipes build-kotlin build-fuzz package-tools $(RELEASE_TOOLS) $(MANAGERS) ## build and install all that `make test` and `make test-dist` use: with -j6 beside each other

## Running -------------------------------------------------------------------------------------------

demo: build-rust $(PYTHON_PACKAGE) ## one login from beginning to end; TAP=auto taps Send by itself
	$(BIN)/python examples/python/demo.py --tap $(TAP)

## Testing -------------------------------------------------------------------------------------------

test: build build-nextjs build-recipes package-tools ## run every suite of every language, then print how each ended
	tests/run browser rust checks python node fuzz packaging recipes kotlin swift

test-node-majors: build-node ## run the suite of the Node SDK under newer majors of Node, from the npm registry
	tests/scripts/node-majors

test-checks: $(PYTHON_TOOLS) ## run the tests of the tree checks
	tests/run checks

test-rust: build-rust ## run the Rust suites, documentation examples and end-to-end tests included
	tests/run rust

test-python: build-rust build-python ## run the Python suites, end-to-end tests included
	tests/run python

test-node: build-rust build-node build-nextjs ## run the Node suites, end-to-end tests included
	tests/run node

test-recipes: build build-recipes ## run every snippet and recipe of the documentation
	tests/run recipes

test-browser: build-rust build-node build-nextjs ## run the tests in Chromium, where it is installed
	tests/run browser

test-kotlin: build-rust ## run the Kotlin suite against the real server; Maven and Java 17
	tests/run kotlin

test-swift: build-rust ## run the Swift suite, or say why it cannot run here
	tests/run swift

test-packaging: build-rust build-python package-tools ## what packaging/ brings: proxies, the service, the Debian package, alarms
	tests/run packaging

races: build-rust ## 1,000 rounds of 50 people who type the same code at once, who exchange one of OpenID, and who redeem one login at two servers (minutes)
	RACE_ROUNDS=1000 $(CARGO) test $(LOCKED) -p loggin-server --lib -- races of_many_who_show_one_code_at_once
	RACE_ROUNDS=1000 $(CARGO) test $(LOCKED) -p loggin-e2e --test nodes redeem

faults: build-rust ## run 1,000 rounds of waits over a network that misbehaves; ROUNDS= and SEED= choose others
	$(CARGO) run $(LOCKED) --quiet -p loggin-e2e --bin faults -- --rounds $(ROUNDS) --seed $(SEED)

faults-nodes: build-rust ## run 1,000 rounds of several servers on one PostgreSQL that fail (half an hour); ROUNDS= and SEED= choose others
	$(CARGO) run $(LOCKED) --quiet -p loggin-e2e --bin nodes -- --rounds $(ROUNDS) --seed $(SEED)

explore: ## walk every order of what may happen to a login, DEPTH steps deep (14)
	EXPLORER_DEPTH=$(DEPTH) $(CARGO) test $(LOCKED) -p loggin-server --lib explorer -- --nocapture

pumping: ## play attacks on one-time codes among honest people, and print what was sent and who was refused (minutes)
	$(CARGO) test $(LOCKED) -p loggin-server --lib guards::pumping -- --ignored --nocapture

redteam: build-rust ## play every attack on a login for every policy, and print who got in; CHECK=--check compares docs/security.md
	PYTHONPATH=tests $(PYTHON) -m redteam $(CHECK)

fuzz: ## fuzz each target for SECONDS (60)
	tests/scripts/fuzz $(SECONDS)

sanitize: build-python build-node ## run the suites with the address sanitizer, and the leak sanitizer where it can (minutes)
	tests/scripts/sanitize

soak: ## a million waits of one client, whose memory must not grow (minutes)
	$(CARGO) run $(LOCKED) -p loggin-e2e --bin soak

## Measuring -----------------------------------------------------------------------------------------

bench: $(BENCH_PYTHON) $(BENCH_NODE) $(BENCH_PEERS) ## measure waits, wakes and packages, beside their peers; QUICK=1 is shorter
	$(CARGO) build $(LOCKED) --release -p loggin-server -p loggin-bench
	cd tests && ../$(BENCH)/venv/bin/python -m bench $(if $(QUICK),--quick)

bench-otp: $(BENCH_PYTHON) $(BENCH_PEERS) ## measure one-time codes, beside better-auth; QUICK=1 is shorter
	$(CARGO) build $(LOCKED) --release -p loggin-server -p loggin-bench
	cd tests && ../$(BENCH)/venv/bin/python -m bench.otp $(if $(QUICK),--quick)

bench-server: $(PYTHON_TOOLS) ## measure whole logins, events and memory of the server; QUICK=1 is shorter, AGAINST=PATH measures another build in turns, STORE=sqlite one store
	$(CARGO) build $(LOCKED) --release -p loggin-server -p loggin-bench
	cd tests && ../$(BIN)/python -m bench.server $(if $(QUICK),--quick) $(if $(AGAINST),--against $(abspath $(AGAINST))) $(if $(STORE),--store $(STORE))

bench-history: $(PYTHON_TOOLS) ## measure what it takes to look at a million logins; STORE=sqlite is one store, ROWS=100000 fewer
	$(CARGO) build $(LOCKED) --release -p loggin-server
	cd tests && ../$(BIN)/python -m bench.history $(if $(STORE),--store $(STORE)) $(if $(ROWS),--rows $(ROWS))

bench-growth: $(PYTHON_TOOLS) ## measure a million pending logins, and what a login among them takes; STORE=sqlite is one store, MOST=100000 ends earlier
	$(CARGO) build $(LOCKED) --release -p loggin-server -p loggin-bench
	cd tests && ../$(BIN)/python -m bench.growth $(if $(STORE),--store $(STORE)) $(if $(MOST),--most $(MOST))

timing-otp: $(PYTHON_TOOLS) ## whether the time of calls for one-time codes tells phones or codes apart
	$(CARGO) build $(LOCKED) --release -p loggin-server
	cd tests && ../$(BIN)/python -m bench.otp_timing

bench-docs: ## write what the last full `make bench` measured into docs/benchmarks.md
	cd tests && ../$(BENCH)/venv/bin/python -m bench.publish

bench-otp-docs: ## the same for `make bench-otp`
	cd tests && ../$(BENCH)/venv/bin/python -m bench.otp --publish

bench-server-docs: ## the same for `make bench-server`
	cd tests && ../$(BIN)/python -m bench.server --publish

$(BENCH_PYTHON): tests/bench/requirements.txt $(manifests) $(core_sources) $(python_sources) $(shell find python/src -name '*.py*' -not -name '*.pyc')
	$(PYTHON) -m venv --clear $(BENCH)/venv
	$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	rm -rf $(BENCH)/wheels
	cd python && ../$(BENCH)/venv/bin/maturin build --release --strip $(LOCKED) --out ../$(BENCH)/wheels
	$(BENCH)/venv/bin/python -m pip install --quiet --disable-pip-version-check $(BENCH)/wheels/*.whl
	@touch $@

$(BENCH_NODE): $(NODE_MODULES) $(manifests) $(core_sources) $(node_sources)
	rm -rf $(@D)
	mkdir -p $(@D)
	cp node/sdk/package.json $(@D)
	cd node && npm run build --workspace web
	mkdir -p $(@D)/node_modules/@loggin
	ln -s $(abspath node/web) $(@D)/node_modules/@loggin/web
	cd node/sdk && npx tsc --project tsconfig.json --outDir ../../$(@D)/dist
	cd node/sdk && npx napi build --platform --release --strip --no-dts-cache \
		--manifest-path ../../bindings/node/Cargo.toml --output-dir ../../$(@D)/dist --js native.js --dts native.d.ts -- $(LOCKED)
	@touch $@

$(BENCH_PEERS): tests/bench/node/package-lock.json
	cd tests/bench/node && npm ci --no-audit --no-fund
	@touch $@

## Releasing -----------------------------------------------------------------------------------------

version: ## write the version into every place: make version V=1.2.3
	cd packaging && $(PYTHON) -m release version $(V)

metadata: ## write release.toml into every manifest
	cd packaging && $(PYTHON) -m release metadata

dist: $(RELEASE_TOOLS) build-node package-tools ## build every package that this machine can make into dist/; QUICK=1 of what `make build` built
	cd packaging && ../$(RELEASE)/bin/python -m release dist $(if $(QUICK),--quick)

$(MANAGERS): tests/install/managers/package-lock.json
	cd tests/install/managers && npm ci --no-audit --no-fund
	@touch $@

test-dist: $(RELEASE_TOOLS) $(MANAGERS) ## install the packages of dist/ as somebody else would, and sign in with each
	$(RELEASE)/bin/pytest tests/install

docs: $(DOCS_TOOLS) $(TYPEDOC) $(PYTHON_PACKAGE) $(NODE_MODULES) ## build the site of the documentation into target/docs/html
	cd packaging && PYTHONPATH= ../$(DOCS)/bin/python -m release docs

$(DOCS_TOOLS): packaging/release/requirements-docs.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@

$(TYPEDOC):
	npm install --silent --no-audit --no-fund --prefix target/tools/typedoc typedoc@$(TYPEDOC_VERSION) typescript@5.9

$(RELEASE_TOOLS): packaging/release/requirements.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@

## Checking ------------------------------------------------------------------------------------------

check: check-format check-lint check-dependencies check-docs check-tree check-generated check-release ## everything that is judged without running a test

check-format: $(PYTHON_TOOLS) $(NODE_MODULES)
	$(CARGO) fmt --all --check
	$(BIN)/ruff format --check .
	$(BIOME) format .

check-lint: $(PYTHON_TOOLS) $(PYTHON_PACKAGE) $(NODE_PACKAGES)
	$(CARGO) clippy $(LOCKED) $(CHECKED) --all-targets -- -D warnings
	$(BIN)/ruff check .
	cd python && ../$(BIN)/mypy --strict src tests
	cd tests && ../$(BIN)/mypy --strict checks bench
	cd tests/packaging && MYPYPATH=.. ../../$(BIN)/mypy --strict .
	# Without what only the tools of a release have installed.
	cd packaging && ../$(BIN)/mypy --strict --ignore-missing-imports release
	cd tests/install && MYPYPATH=.. ../../$(BIN)/mypy --strict --ignore-missing-imports .
	$(BIN)/mypy --strict examples/python
	$(BIOME) lint --error-on-warnings .
	cd node && npm run --silent typecheck
	cd node && npm run --silent check-packages

check-dependencies: | $(BIN)/python ## licences and registries of the crates, which may use which, known advisories
	tests/scripts/dependencies

check-docs:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(LOCKED) $(CHECKED) --no-deps

check-tree: $(PYTHON_TOOLS) ## the map of the tree, budgets, names, directions between modules, thin bindings, links, traces of a machine
	cd tests && $(abspath .)/$(BIN)/python -m checks

check-generated: build ## generated files that people read are the ones this tree generates
	tests/scripts/generated --check

check-release: ## every place has the one version, and every manifest what release.toml says
	cd packaging && $(PYTHON) -m release check

check-workflows: $(ACTIONLINT) ## the workflows for a hosted CI, which run elsewhere; needs Go
	$(ACTIONLINT)

$(ACTIONLINT):
	GOBIN=$(abspath $(@D)) go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

generate: build ## write the generated files that people read, such as openapi.json and native.d.ts
	tests/scripts/generated

fmt: $(PYTHON_TOOLS) $(NODE_MODULES) ## format every language
	$(CARGO) fmt --all
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIOME) check --write .

clean: ## remove everything that was built
	rm -rf target bindings/mobile/kotlin/target bindings/mobile/swift/.build $(VENV) node/*/dist node/*/node_modules $(addsuffix /node_modules,$(NPM_PROJECTS) tests/bench/node)
	find bindings node python tests -name '*.node' -o -name '*.so' -o -name __pycache__ | xargs rm -rf
