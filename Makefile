# Strongroom's commands. Everything that a target needs besides Go it installs itself, by pinned version, into .cache.
#
#   make run      a working Strongroom on this machine; needs only Go
#   make check    what to run while working: vet, lint and the quick tests
#   make test     everything that must pass

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

CACHE  := $(abspath .cache)
PYTHON := $(CACHE)/venv/bin/python

# Which settings of infra/cdk.json are meant, and what a deployment of them is called in messages.
STAGE ?= dev
CDK := node_modules/.bin/cdk
OUTPUTS := $(abspath out)/$(STAGE).json

GOLANGCI_LINT_VERSION := v2.15.0
MAVEN_DEPENDENCY_PLUGIN := org.apache.maven.plugins:maven-dependency-plugin:3.8.1
# What LocalStack's requirements are built with is as old as they are.
LOCALSTACK_AS_OF := 2026-04-10T00:00:00Z

export GOFLAGS := -buildvcs=false
export STRONGROOM_CACHE := $(CACHE)
export STRONGROOM_PYTHON := $(PYTHON)

.PHONY: build
build: ## the command line program, bin/strongroom
	go build -trimpath -o bin/strongroom ./pkg/cmd/strongroom

.PHONY: man
man: build ## the manual pages, into out/man
	bin/strongroom man out/man

.PHONY: run
run: build ## a working Strongroom on loopback
	@exec bin/strongroom local

.PHONY: functions
functions: ## every Lambda function, as out/<operation>/bootstrap and out/workers/<kind>/bootstrap
	@mkdir -p out/.build
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags "-s -w" -o out/.build/ ./functions/...
	@for main in functions/*/main.go functions/workers/*/main.go; do \
		dir=$$(dirname "$$main"); \
		install -D -m 0755 "out/.build/$$(basename "$$dir")" "out/$${dir#functions/}/bootstrap"; \
	done

.PHONY: synth
synth: functions infra/node_modules/.installed ## the templates that make deploy would deploy, into infra/cdk.out: make synth STAGE=prod
	rm -rf infra/cdk.out # another stage's
	cd infra && $(CDK) synth --quiet -c stage=$(STAGE)

.PHONY: prove
prove: build synth ## what the templates allow each function, and that nobody gets at the client key: make prove STAGE=prod
	bin/strongroom prove infra/cdk.out/strongroom-$(STAGE)-*.template.json

.PHONY: deploy
deploy: infra/node_modules/.installed ## to AWS, with the credentials in the environment: make deploy STAGE=prod
	cd infra && go run ./account ready
	$(MAKE) prove
	cd infra && $(CDK) deploy --all --app cdk.out --outputs-file $(OUTPUTS)
	@echo "now make the organization: bin/strongroom init --outputs $(OUTPUTS) --name NAME --owner NAME"
	@echo "and let the rotation workers in: bin/strongroom init --outputs $(OUTPUTS) --workers"

.PHONY: destroy
destroy: functions infra/node_modules/.installed ## remove a deployment; refuses while there are secrets: make destroy FORCE=1
	cd infra && go run ./account removable $(if $(filter 1,$(FORCE)),-force) $(OUTPUTS)
	cd infra && $(CDK) destroy -c stage=$(STAGE) strongroom-$(STAGE)-workers strongroom-$(STAGE)-server
	cd infra && go run ./account empty $(OUTPUTS)
	cd infra && $(CDK) destroy -c stage=$(STAGE) strongroom-$(STAGE)-data
	rm -f $(OUTPUTS)

.PHONY: check
check: tools vet lint ## what to run while working
	go test -short ./...

.PHONY: test
test: ## everything that must pass
	$(MAKE) -j4 -O tools tools-localstack vet lint test-infra
	go build ./...
	go test -timeout 20m ./...
	$(MAKE) test-localstack

.PHONY: test-localstack
test-localstack: tools-localstack tools-databases $(CACHE)/venv/.installed ## the built functions end to end, over LocalStack
	go test -tags localstack -count=1 -v -timeout 20m ./pkg/cmd/strongroom/internal/localstack

.PHONY: test-infra
test-infra: tools $(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION) infra/node_modules/.installed ## the CDK app, a module of its own
	cd infra && go vet ./... && $(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION) run --allow-parallel-runners --config ../.golangci.yml ./...
	cd infra && go test -timeout 10m ./...

.PHONY: race
race: tools ## the tests with the race detector
	go test -race -short -timeout 30m ./...

.PHONY: vet
vet:
	go vet -tags localstack ./...

.PHONY: lint
lint: $(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
	$< run --allow-parallel-runners ./...

.PHONY: localstack
localstack: tools-localstack ## LocalStack in the foreground, on 127.0.0.1: make localstack PORT=4566
	@exec localstack/start $${PORT:-4566}

.PHONY: bench
bench: tools ## timings, as ratios within one run
	@go test -run '^$$' -bench . -benchmem -p 1 ./pkg/... | tee $(CACHE)/bench.txt
	@awk '/^Benchmark/ { name = $$1; sub(/-[0-9]+$$/, "", name); time[name] = $$3 } \
		END { for (name in time) { bare = name; if (sub(/^Benchmark/, "BenchmarkBare", bare) && bare in time) \
			printf "# %s takes %.1f times what %s does\n", name, time[name] / time[bare], bare } }' $(CACHE)/bench.txt

.PHONY: bench-cold
bench-cold: ## what a function's cold start takes, beside one that does nothing
	@go test -run '^$$' -bench '^BenchmarkColdStart$$' -benchtime 50x -timeout 10m ./pkg/cmd/strongroom/internal/bench | sed -n '/^#/p; /FAIL/p'

.PHONY: budgets
budgets: tools ## what every operation costs in round trips, capacity units and KMS calls
	@go test -count=1 -run TestBudgets -v ./pkg/secrets/ | sed '/^===/d'

.PHONY: budgets-update
budgets-update: tools ## write what the budgets are measured as to testdata/budgets.json
	go test -count=1 -run TestBudgets ./pkg/secrets -update
	$(MAKE) cost-update

.PHONY: cost
cost: ## what that comes to on AWS, a million of each operation and a month, beside AWS's own stores
	@go run ./pkg/cmd/cost

.PHONY: cost-update
cost-update: ## write the README's tables of costs and budgets
	go test -count=1 -run TestTheReadme ./pkg/cmd/cost -update

.PHONY: fuzz
fuzz: ## every fuzz target for a while: make fuzz FUZZTIME=1m
	@set -e; grep -rlE '^func Fuzz' --include='*_test.go' pkg | xargs -n1 dirname | sort -u | while read -r dir; do \
		for target in $$(grep -hoE '^func Fuzz\w+' "$$dir"/*_test.go | cut -d' ' -f2); do \
			echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $${FUZZTIME:-20s} -fuzzminimizetime 10x "./$$dir"; \
		done; \
	done

.PHONY: tools
tools: tools-databases $(CACHE)/dynamodb-local/.installed $(CACHE)/venv/.installed $(CACHE)/schemathesis/.installed ## what the tests need, by pinned version

.PHONY: tools-localstack
tools-localstack: $(CACHE)/localstack/.installed $(CACHE)/dynamodb-local/.installed ## LocalStack, without a container

.PHONY: tools-databases
tools-databases: $(CACHE)/databases/.installed ## PostgreSQL and MariaDB, for the rotators' tests

# Unpacked, not installed: the system stays as it is.
$(CACHE)/databases/.installed: testdata/databases/install testdata/databases/packages.txt
	testdata/databases/install $(@D)
	touch $@

# Amazon's DynamoDB Local (downloaded, never redistributed) and the launcher that has it listen on loopback alone.
$(CACHE)/dynamodb-local/.installed: testdata/dynamodb-local/pom.xml testdata/dynamodb-local/Loopback.java
	rm -rf $(@D)
	mkdir -p $(@D)/lib $(@D)/classes
	mvn -q -B -f testdata/dynamodb-local/pom.xml $(MAVEN_DEPENDENCY_PLUGIN):copy-dependencies -DoutputDirectory=$(@D)/lib
	javac -d $(@D)/classes -cp "$(@D)/lib/*" testdata/dynamodb-local/Loopback.java
	touch $@

# Other people's JWE, request signing, KMS and readers of .env files and YAML, to test ours with.
$(CACHE)/venv/.installed: testdata/python/requirements.txt
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install -q --no-deps -r testdata/python/requirements.txt
	touch $@

# schemathesis stands apart: nothing else needs what it brings.
$(CACHE)/schemathesis/.installed: testdata/schemathesis/requirements.txt
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install -q --no-deps -r testdata/schemathesis/requirements.txt
	touch $@

# LocalStack, as its lock file has it. It needs Python 3.13, which uv finds or fetches.
$(CACHE)/localstack/.installed: localstack/requirements.txt $(CACHE)/uv/.installed
	rm -rf $(@D)
	PYENV_VERSION=3.13.0 $(CACHE)/uv/bin/uv venv -q --no-cache --python 3.13 $(@D)
	$(CACHE)/uv/bin/uv pip install -q --no-cache --python $(@D)/bin/python --exclude-newer $(LOCALSTACK_AS_OF) \
		--require-hashes -r localstack/requirements.txt
	touch $@

$(CACHE)/uv/.installed: localstack/uv.txt
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install -q --require-hashes -r localstack/uv.txt
	touch $@

# The CDK's own program, as its lock file has it.
infra/node_modules/.installed: infra/package-lock.json
	cd infra && npm ci --no-audit --no-fund
	touch $@

$(CACHE)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION):
	GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(CACHE)/bin/golangci-lint $@

.PHONY: clean
clean: ## remove what was built; .cache and .strongroom stay
	rm -rf bin out infra/cdk.out
