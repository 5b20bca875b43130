# The front door: `make help` lists what there is.
SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_RUNS ?= 1000000

NODE := $(shell scripts/find-node.sh)
# Tools of the checkout run with that Node, whatever the system has.
WITH_NODE := PATH="$(dir $(NODE)):$(CURDIR)/node_modules/.bin:$$PATH"
INSTALLED := node_modules/.package-lock.json

# V=1 shows the commands.
QUIET := $(if $(V),,@)
say = @echo "$(1)"

## Main

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  make run CMD='echo Hello World'      one command in a box"
	@echo "  make test TESTS=packages/plan/test/*.test.ts"
	@echo "  make install PREFIX=/usr/local DESTDIR="

.PHONY: run
# Taken as it was typed: make would expand its dollars.
run: export TSBOX_CMD := $(if $(filter command,$(origin CMD)),$(value CMD))
unexport CMD
run: build ## set everything up, then a shell in a box
	@scripts/run.sh $(NODE)

.PHONY: build
build: $(INSTALLED) shim packages/cli/dist/tsbox.cjs ## the shim and every package

.PHONY: test
test: setup-test build build-tests ## every test, on this machine's kernel
	@$(WITH_NODE) scripts/test.sh $(TESTS)

.PHONY: test-clients
test-clients: setup-test build build-tests ## the tests with docker, podman and containerd alone
	@$(WITH_NODE) scripts/test.sh --clients

.PHONY: check check-generated check-layers check-sizes check-packages
check: lint typecheck analyze check-generated check-layers check-sizes check-packages ## lint, types, generated files, layers, sizes, packages

check-generated: $(INSTALLED)
	@$(NODE) --conditions=@tsbox/source scripts/gen.mts --check
	@$(NODE) --conditions=@tsbox/source scripts/conformance.mts --check

check-layers: $(INSTALLED)
	@$(NODE) scripts/check-layers.mts

check-sizes: $(INSTALLED) shim
	@$(NODE) scripts/check-sizes.mts

check-packages: build
	@for manifest in $(filter-out packages/shim-linux-%,$(wildcard packages/*/package.json)) packages/shim-linux-$(ARCH)/package.json; do \
	  $(WITH_NODE) publint run --level warning $${manifest%/*} >build/publint.log 2>&1 || { cat build/publint.log; exit 1; }; \
	done

.PHONY: lint
lint: $(INSTALLED) ## style of TypeScript, syntax of the scripts
	@$(WITH_NODE) biome check .
	@for script in scripts/*.sh; do sh -n $$script || exit 1; done
	@bash -n .ci/run

.PHONY: typecheck
typecheck: $(INSTALLED) ## types of everything, tests included
	@$(WITH_NODE) tsc -p tsconfig.json --noEmit

.PHONY: gen
gen: $(INSTALLED) ## write the generated files from their one source
	@$(NODE) --conditions=@tsbox/source scripts/gen.mts
	@$(NODE) --conditions=@tsbox/source scripts/conformance.mts

## Set-up: Debian packages for each purpose, then npm's.

.PHONY: setup-test
setup-test: build/.debian-build build/.debian-test build/.debian-clients
	@:

build/.debian-%: scripts/debian-packages.txt
	@mkdir -p build
	@scripts/setup.sh $*
	@touch $@

$(INSTALLED): package-lock.json
	@scripts/npm-ci.sh

## The shim: static, small, and hardened as far as that allows.

MACHINE := $(shell uname -m)
ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(MACHINE)))
SHIM := packages/shim-linux-$(ARCH)/bin/tsbox-shim
SHIM_SOURCES := $(wildcard shim-c/*.c)
SHIM_HEADERS := $(wildcard shim-c/*.h shim-c/gen/*)
TEST_HEADERS := $(wildcard shim-c/test/*.h shim-c/test/*.def)
# Everything but main(), for programs with one of their own.
SHIM_PARTS := $(filter-out shim-c/shim.c,$(SHIM_SOURCES))

WARNINGS := -std=c11 -Wall -Wextra -Werror -Wformat=2 -Wshadow
HARDENING := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now,-z,noexecstack
SMALL := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -Wl,--gc-sections -s
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# Asked when a recipe runs, after set-up. musl-gcc hides the kernel's headers, so they are named after its own,
# and it knows no -static-pie, so the start files of one are named too.
MUSL = $(shell command -v musl-gcc)
MULTIARCH = $(shell gcc -print-multiarch)
MUSL_CC = musl-gcc -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)
MUSL_LIB = /usr/lib/$(MACHINE)-linux-musl
MUSL_PIE = -fPIE -nostartfiles -Wl,-static,-pie,--no-dynamic-linker $(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o
STATIC_CC = $(if $(MUSL),$(MUSL_CC),gcc) -static
SHIM_CC = $(if $(MUSL),$(MUSL_CC) $(MUSL_PIE),gcc -static-pie)
SHIM_END = $(if $(MUSL),$(MUSL_LIB)/crtn.o)

.PHONY: shim
shim: $(SHIM) ## the static C program alone

# Made again after set-up: it may have brought the smaller C library. Moved into place: boxes may be starting.
$(SHIM): $(SHIM_SOURCES) $(SHIM_HEADERS) build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)$(SHIM_CC) $(WARNINGS) $(SMALL) $(HARDENING) -Ishim-c -o $@.new $(SHIM_SOURCES) $(SHIM_END) && mv $@.new $@

## C test programs: what tests run inside boxes, unit tests, and the same again under sanitizers.

# Programs that tests run, in boxes and beside them.
PROBES := $(patsubst shim-c/test/%.c,build/test/%,$(wildcard shim-c/test/probe.c shim-c/test/attack.c shim-c/test/*_probe.c))
TEST_NAMES := $(patsubst shim-c/test/%.c,%,$(wildcard shim-c/test/*_test.c))
C_PROGRAMS := $(TEST_NAMES:%=build/test/%) $(TEST_NAMES:%=build/asan/test/%) \
  $(PROBES) build/asan/tsbox-shim

.PHONY: build-tests
build-tests: $(C_PROGRAMS)

build/test/%_test: shim-c/test/%_test.c $(SHIM_SOURCES) $(SHIM_HEADERS) $(TEST_HEADERS) | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)$(STATIC_CC) $(WARNINGS) -O1 -g -Ishim-c -o $@ $< $(SHIM_PARTS)

$(PROBES): build/test/%: shim-c/test/%.c | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)$(STATIC_CC) $(WARNINGS) -Os -s -o $@ $<

build/asan/test/%_test: shim-c/test/%_test.c $(SHIM_SOURCES) $(SHIM_HEADERS) $(TEST_HEADERS) | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)gcc $(WARNINGS) $(SANITIZE) -Ishim-c -o $@ $< $(SHIM_PARTS)

build/asan/tsbox-shim: $(SHIM_SOURCES) $(SHIM_HEADERS) | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)gcc $(WARNINGS) $(SANITIZE) -Ishim-c -o $@ $(SHIM_SOURCES)

.PHONY: analyze
analyze: $(SHIM_SOURCES:shim-c/%.c=build/analyze/%.o) ## gcc's static analyzer over the shim

build/analyze/%.o: shim-c/%.c $(SHIM_HEADERS) | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)gcc $(WARNINGS) -Os -fanalyzer -Ishim-c -c -o $@ $<

.PHONY: fuzz
fuzz: build/fuzz/fuzz_plan $(if $(shell command -v clang),build/fuzz/fuzz_plan_libfuzzer) ## FUZZ_RUNS inputs into the decoder
	build/fuzz/fuzz_plan $(FUZZ_RUNS)
	@[ ! -x build/fuzz/fuzz_plan_libfuzzer ] || { mkdir -p build/fuzz/corpus && \
	  build/fuzz/fuzz_plan_libfuzzer -runs=$(FUZZ_RUNS) -verbosity=0 -print_final_stats=1 build/fuzz/corpus test/vectors; }

build/fuzz/fuzz_plan: shim-c/test/fuzz_plan.c $(SHIM_SOURCES) $(SHIM_HEADERS) $(TEST_HEADERS) | build/.debian-build
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)gcc $(WARNINGS) $(SANITIZE) -Ishim-c -o $@ $< $(SHIM_PARTS)

build/fuzz/fuzz_plan_libfuzzer: shim-c/test/fuzz_plan.c $(SHIM_SOURCES) $(SHIM_HEADERS) $(TEST_HEADERS)
	@mkdir -p $(@D)
	$(call say,compiling $@)
	$(QUIET)clang $(WARNINGS) $(SANITIZE) -fsanitize=fuzzer -DTSBOX_LIBFUZZER -Ishim-c -o $@ $< $(SHIM_PARTS)

## The packages

PACKAGE_SOURCES := $(shell find packages/*/src -type f) \
  $(wildcard packages/*/package.json packages/*/tsup.config.ts) scripts/tsup.base.ts tsconfig.base.json turbo.json
TURBO := TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1 turbo run --no-update-notifier --ui=stream --output-logs=errors-only

packages/cli/dist/tsbox.cjs: $(PACKAGE_SOURCES) $(INSTALLED)
	$(call say,building the packages)
	$(QUIET)mkdir -p build; $(WITH_NODE) $(TURBO) build >build/packages.log 2>&1 || { cat build/packages.log; exit 1; }
	@touch $@

## Other machines and other engines

VM_TIMEOUT ?= 7200
VM_TESTS ?= $(or $(TESTS),test/e2e test/oci packages/cgroups/test packages/runtime/test packages/sys/test)

.PHONY: test-vm
test-vm: setup-test build/.debian-vm build build-tests ## the end-to-end tests in a virtual machine that has cgroup v2 only
	@$(MAKE) install DESTDIR= PREFIX=$(CURDIR)/build/test-prefix
	@$(WITH_NODE) scripts/as-root.sh $(NODE) scripts/vm/run.mts --timeout $(VM_TIMEOUT) -- \
	  env TSBOX=$(CURDIR)/build/test-prefix/bin/tsbox node scripts/vm/tests.mts --timeout 900 $(VM_TESTS)

.PHONY: bench
bench: build/.debian-bench build/.debian-clients build ## how long things take, as ratios
	@$(MAKE) install DESTDIR= PREFIX=$(CURDIR)/build/bench-prefix
	@$(WITH_NODE) scripts/as-root.sh $(NODE) scripts/bench/main.mts $(BENCH_ARGS)

.PHONY: bench-peers
bench-peers: $(INSTALLED) ## install the engines that bench compares with
	@$(WITH_NODE) scripts/as-root.sh $(NODE) scripts/bench/peers.mts

.PHONY: install
install: build ## the command under PREFIX, to run without this checkout
	@PREFIX="$(abspath $(PREFIX))" DESTDIR="$(DESTDIR)" NODE="$(NODE)" SHIM="$(SHIM)" scripts/install.sh install

.PHONY: uninstall
uninstall: ## remove what install put there
	@PREFIX="$(abspath $(PREFIX))" DESTDIR="$(DESTDIR)" scripts/install.sh uninstall

.PHONY: clean
clean: ## remove everything built; node_modules stays
	rm -rf build .turbo .tap packages/*/dist packages/*/.turbo packages/shim-linux-*/bin
