# Every target is idempotent and says what it does; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
PY := .venv/bin/python
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.cache/bin:$(PATH)

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv/.stamp: pyproject.toml constraints.txt
	@echo "==> Python packages into .venv (once, about 30 s)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
venv: .venv/.stamp ## the development environment in .venv

try: ## the whole thread without a cluster: serve, ask, collect, judge, report (needs only Python)
	@$(PYTHON) -m hack.demo.launch

demo: venv ## the main job: cluster, operator, three pods, 60 questions, a judged run with reasons
	@hack/cluster/up && hack/images/build && $(PY) -m hack.demo.demo

# The suite of the cluster mostly waits, so the others run beside it; the first folder is handed out first.
test: venv ## all tests: unit, integration, real API server, real kind cluster
	@$(MAKE) --no-print-directory -j2 cluster generated lint && \
		$(PY) -m pytest -n 2 --no-loadscope-reorder tests/e2e tests/unit tests/integration tests/api

cluster: venv ## what the tests need: the cluster, all images in it, and Azurite
	@hack/cluster/build-go kube etcd && hack/cluster/up && hack/images/build runtime operator versitygw prometheus && hack/azurite > /dev/null

check: venv generated lint ## lint, types, layers, generated files, unit tests
	@$(PY) -m pytest tests/unit -q

lint: venv
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/mypy hack && .venv/bin/lint-imports --no-cache --no-logo

format: venv ## format the code
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

crds: venv ## write crds/ and the chart's copy from the models
	@$(PY) -m hack.generate

generated: venv
	@$(PY) -m hack.generate --check

golden: venv ## write the golden manifests of tests/unit/golden and the tables of docs/records.md anew
	@$(PY) -m tests.unit.golden && $(PY) -m tests.unit.records_page

up: venv ## a cluster: the one of KUBECONFIG, else kind (engine and node image are made where missing)
	@hack/cluster/up

down: ## remove what `make up` made
	@hack/cluster/down

images: ## build the images and load them into our kind cluster
	@hack/images/build

push: ## push the images: make push REGISTRY=registry.example.com/team
	@hack/images/push "$(REGISTRY)"

api-server: venv ## etcd, API server, controller manager and scheduler on loopback, until interrupted
	@hack/cluster/build-go kube etcd && $(PY) -m hack.cluster.control_plane

redaction: venv ## what the redactor catches, misses and wrongly masks, into docs/redaction.md
	@$(PY) -m tests.redaction

bench: venv ## our server beside promptflow's and those made by hand: make bench [ONLY=chat,stream] [SUBJECTS=ours,floor] [ROUNDS=3]
	@tests/bench/prepare && $(PY) -m tests.bench --only '$(ONLY)' --subjects '$(SUBJECTS)' --rounds $(or $(ROUNDS),3)

bench-docs: venv ## write docs/benchmarks.md and its picture from the figures of the last make bench
	@$(PY) -m tests.bench --docs

oracle:
	@test -x .cache/oracle/bin/pf || { $(PYTHON) -m venv .cache/oracle && .cache/oracle/bin/pip install --quiet --disable-pip-version-check -c tests/compat/constraints.txt promptflow promptflow-tools promptflow-devkit; }

compat: venv oracle ## the corpus and random flows by promptflow 1.18.5 (in an environment of its own) and by this runtime, compared
	@$(PY) -m tests.compat && $(PY) -m tests.compat.fuzz

compat-fuzz: venv oracle ## more random flows by both: make compat-fuzz SEED=1 CASES=500
	@$(PY) -m tests.compat.fuzz $(or $(SEED),1) $(or $(CASES),500)

collector-bench: venv ## CPU and memory of the collector, beside a loop made by hand and Benthos: make collector-bench [ROUNDS=3]
	@hack/cluster/build-go versitygw benthos && $(PY) -m tests.collector_bench $(or $(ROUNDS),3)

soak: venv ## MINUTES=10 at 80 % of the server's most on one CPU, 200 streams at once, SIGTERM under load
	@$(PY) -m tests.soak $(or $(MINUTES),10)

chaos: venv ## faults on the kind cluster under 20,000 requests, then the books: make chaos [SEED=1] [REQUESTS=20000] [MEDIUM=Memory] [ONLY=server,full]
	@hack/cluster/up && hack/images/build runtime operator versitygw && $(PY) -m tests.chaos $(or $(SEED),1) $(or $(REQUESTS),20000) $(or $(MEDIUM),Memory) '$(ONLY)'

soak-pod: cluster ## MINUTES=30 of one pod in the cluster at 200 requests/s: memory of server and collector, records counted
	@$(PY) -m tests.soak.pod $(or $(MINUTES),30)

soak-pod-docs: venv ## write docs/benchmarks.md and docs/soak.svg from the figures of the last make soak-pod
	@$(PY) -m tests.soak.pod --docs

stores-second: venv ## the S3 part of the stores' tests with a second server, s3s-fs (made by cargo: Rust 1.92, 3 min); it makes a missing bucket itself
	@test -x .cache/s3s/bin/s3s-fs || cargo install --quiet --locked s3s-fs --version 0.14.1 --features binary --root .cache/s3s --target-dir .cache/s3s/target
	@S3_SERVER=$(CURDIR)/.cache/s3s/bin/s3s-fs $(PY) -m pytest tests/integration/test_stores.py -q -k 's3 and not missing and not the_same_each_time'

readers: venv ## what docs/records.md says of Spark, by PySpark in an environment of its own (400 MB) and Java 17
	@test -x .cache/readers/bin/spark-submit || { $(PYTHON) -m venv .cache/readers && .cache/readers/bin/pip install --quiet --disable-pip-version-check pyspark==4.3.0; }
	@$(PY) -m tests.readers

clean: ## remove caches and build results (not the cluster: make down)
	@rm -rf .venv .cache build dist try .mypy_cache .ruff_cache .pytest_cache

.PHONY: help venv try demo test cluster check lint format crds generated golden up down images push api-server redaction bench bench-docs oracle compat compat-fuzz collector-bench soak soak-pod soak-pod-docs chaos stores-second readers clean
