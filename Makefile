# Tandem. `make help` lists what can be asked for. Everything built goes to build/<flavour>/.

FLAVOUR ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
B       := build/$(FLAVOUR)
GEN     := build/gen

PACKAGES := build-essential pkg-config libuv1-dev libprotobuf-c-dev protobuf-c-compiler \
            libsqlite3-dev libssl-dev libcriterion-dev libncurses-dev libutf8proc-dev \
            libcyaml-dev libyaml-dev libical-dev libjansson-dev libvterm-dev zlib1g-dev tmux

# --- flags ---------------------------------------------------------------------------------------
CC       ?= gcc
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Wundef -Wvla $(if $(CI),-Werror)
MODULES  := libuv libprotobuf-c sqlite3 openssl ncursesw libutf8proc libcyaml libical jansson
PC_CFLAGS = $(eval PC_CFLAGS := $$(shell pkg-config --cflags $(MODULES)))$(PC_CFLAGS)
LIBS_COMMON = -lprotobuf-c -lssl -lcrypto -lutf8proc
LIBS_SERVER = $(LIBS_COMMON) -luv -lsqlite3 -lcyaml -lyaml -lical -ljansson
LIBS_CLIENT = $(LIBS_COMMON) -luv -lncursesw -ljansson
LIBS_TESTS  = -lcriterion -lvterm -lz -lm -lutil -lpthread

FLAGS_release := -O2 -g
FLAGS_debug   := -O1 -g -DTANDEM_DEBUG=1
FLAGS_asan    := -O1 -g -DTANDEM_DEBUG=1 -fsanitize=address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
FLAGS_cov     := -O0 -g --coverage
FLAGS_fuzz    := -O1 -g -DTANDEM_DEBUG=1 -fsanitize=fuzzer-no-link,address,undefined \
                 -fno-sanitize-recover=all -fno-omit-frame-pointer
ifeq ($(FLAVOUR),fuzz)
CC := clang
endif
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. -I$(GEN) $(WARN) $(FLAGS_$(FLAVOUR)) -pthread $(PC_CFLAGS) \
             $(CFLAGS)
LDFLAGS_ALL = $(FLAGS_$(FLAVOUR)) -pthread $(LDFLAGS)

# --- sources: what lies in a folder belongs to it -------------------------------------------------
PROTOS     := $(wildcard proto/*.proto)
PROTO_C    := $(patsubst proto/%.proto,$(GEN)/proto/%.pb-c.c,$(PROTOS))
PROTO_H    := $(PROTO_C:.c=.h)
COMMON_C   := $(wildcard common/*.c common/*/*.c)
SERVER_C   := $(filter-out server/main.c,$(wildcard server/*.c server/*/*.c))
CLIENT_C   := $(filter-out client/main.c,$(wildcard client/*.c client/*/*.c))
TESTLIB_C  := $(wildcard tests/lib/*.c)
EMBEDDED   := $(sort $(wildcard server/content/*.yaml server/store/migrations/*.sql))
UNIT_C     := $(shell find tests/unit tests/flow tests/fault -name 'test_*.c' 2>/dev/null | sort)
PLAIN_C    := $(shell find tests/unit tests/flow tests/fault -name 'plain_*.c' 2>/dev/null | sort)
SIM_C      := $(wildcard tests/sim/*.c)
BENCH_C    := $(wildcard tests/bench/bench_*.c)
FUZZ_C     := $(wildcard tests/fuzz/fuzz_*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(patsubst $(GEN)/%,gen/%,$(1)))
COMMON_O  := $(call obj,$(COMMON_C) $(PROTO_C))
SERVER_O  := $(call obj,$(SERVER_C) $(if $(EMBEDDED),$(GEN)/embedded.c))
CLIENT_O  := $(call obj,$(CLIENT_C))
TESTLIB_O := $(call obj,$(TESTLIB_C))
LIBRARIES := $(B)/libserver.a $(B)/libclient.a $(B)/libcommon.a
PROGRAMS  := $(if $(wildcard server/main.c),$(B)/tandemd) $(if $(wildcard client/main.c),$(B)/tandem)
UNIT_T    := $(patsubst tests/%.c,$(B)/tests/%,$(UNIT_C))
PLAIN_T   := $(patsubst tests/%.c,$(B)/tests/%,$(PLAIN_C))
SIM_T     := $(if $(SIM_C),$(B)/tests/sim/sim)
BENCH_T   := $(patsubst tests/%.c,$(B)/tests/%,$(BENCH_C))
FUZZ_T    := $(patsubst tests/%.c,$(B)/tests/%,$(FUZZ_C))

.PHONY: all help deps run demo-reset test ci-test check check-source asan tsan tsan-run fuzz fuzz-run sim \
        bench bench-store bench-text format install clean tests
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS) ## build tandemd and tandem into build/release/

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## ?/  make \1\t/' | expand -t 22

# --- rules ---------------------------------------------------------------------------------------
$(GEN)/proto/%.pb-c.c $(GEN)/proto/%.pb-c.h &: proto/%.proto | $(GEN)/proto
	protoc-c --proto_path=. --c_out=$(GEN) $<

# Files that travel inside the program, as bytes: name, data, length.
$(GEN)/embedded.c: $(EMBEDDED) Makefile | $(GEN)/proto
	@{ echo '#include "common/embedded.h"'; i=0; for f in $(EMBEDDED); do \
	  echo "static const unsigned char e$$i[] = {"; od -An -v -tu1 $$f | sed 's/ *\([0-9][0-9]*\)/\1,/g'; \
	  echo "0};"; i=$$((i+1)); done; echo "const struct embedded_file embedded_files[] = {"; i=0; \
	  for f in $(EMBEDDED); do echo "{\"$$f\", e$$i, sizeof e$$i - 1},"; i=$$((i+1)); done; \
	  echo '{0}};'; } > $@

$(GEN)/proto:
	@mkdir -p $@

$(B)/obj/gen/%.o: $(GEN)/%.c | $(PROTO_H)
	@mkdir -p $(@D)
	$(CC) $(filter-out -W%,$(CFLAGS_ALL)) -MMD -MP -c $< -o $@

$(B)/obj/%.o: %.c | $(PROTO_H)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

define archive
	@mkdir -p $(@D)
	@rm -f $@
	ar rcs $@ $^
endef
$(B)/libcommon.a: $(COMMON_O)
	$(archive)
$(B)/libserver.a: $(SERVER_O)
	$(archive)
$(B)/libclient.a: $(CLIENT_O)
	$(archive)
$(B)/libtests.a: $(TESTLIB_O)
	$(archive)

$(B)/tandemd: $(B)/obj/server/main.o $(B)/libserver.a $(B)/libcommon.a
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS_SERVER) -o $@
$(B)/tandem: $(B)/obj/client/main.o $(B)/libclient.a $(B)/libcommon.a
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS_CLIENT) -o $@

TEST_LIBS = $(B)/libtests.a -Wl,--start-group $(LIBRARIES) -Wl,--end-group $(LIBS_SERVER) $(LIBS_CLIENT) $(LIBS_TESTS)
$(B)/tests/sim/sim: $(call obj,$(SIM_C)) $(LIBRARIES) $(B)/libtests.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -Wl,--wrap=audit_check,--wrap=life_check,--wrap=log_line $(filter %.o,$^) $(TEST_LIBS) -o $@
$(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(LIBRARIES) $(B)/libtests.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer $< $(TEST_LIBS) -o $@
$(B)/tests/%: $(B)/obj/tests/%.o $(LIBRARIES) $(B)/libtests.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) $< $(TEST_LIBS) -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# --- fresh machine -------------------------------------------------------------------------------
deps: ## install the Debian packages that are missing (sudo only when not root)
	@missing=$$(for p in $(PACKAGES) $(EXTRA_PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; fi

run: deps ## install, build, make the demonstration site and start it with three people in one audit
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo/run

demo-reset: ## throw the demonstration site away; the next `make run` makes a new one
	@tests/demo/reset

test: deps ## install, build, run every test
	@$(MAKE) --no-print-directory ci-test

# --- tests ---------------------------------------------------------------------------------------
tests: $(PROGRAMS) $(UNIT_T) $(PLAIN_T) $(SIM_T)

ci-test:
	@tests/run-all

check: tests ## unit, flow and fault tests of the present FLAVOUR (T=word runs those whose path has it)
	@tests/run-tests $(B) $(T)

sim: ## simulated people and network: make sim SEEDS=1000 FROM=1
	@$(MAKE) --no-print-directory FLAVOUR=release build/release/tests/sim/sim
	build/release/tests/sim/sim --seeds $(or $(SEEDS),1000) --from $(or $(FROM),1)
	build/release/tests/sim/sim --races --seeds $(or $(SEEDS),1000) --from $(or $(FROM),1)

asan: ## every test under AddressSanitizer and UBSan (a tenth of the random histories: it is ten times slower)
	@TEXT_HISTORIES=$(or $(TEXT_HISTORIES),10000) $(MAKE) --no-print-directory FLAVOUR=asan check

tsan: ## threaded plain programs under ThreadSanitizer
	@$(MAKE) --no-print-directory FLAVOUR=tsan tsan-run
tsan-run: $(PLAIN_T)
	@set -e; for t in $(PLAIN_T); do echo "== $$t"; TSAN_OPTIONS=halt_on_error=1 $$t; done

fuzz: EXTRA_PACKAGES := clang libclang-rt-dev
fuzz: deps ## fuzz everything that parses bytes from a peer: make fuzz SECONDS_EACH=60
	@$(MAKE) --no-print-directory FLAVOUR=fuzz fuzz-run SECONDS_EACH=$(or $(SECONDS_EACH),60)
fuzz-run: $(FUZZ_T)
	@failed=; for t in $(FUZZ_T); do n=$$(basename $$t); c=build/corpus/$$n; mkdir -p $$c; echo "== $$n"; \
	  $$t -max_total_time=$(SECONDS_EACH) -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
	    -artifact_prefix=$$c- $$c >$$c.txt 2>&1 || failed="$$failed $$n"; tail -12 $$c.txt; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed (the input lies beside build/corpus/)"; exit 1; }

bench: ## print the figures of README.md, "Figures"
	@$(MAKE) --no-print-directory FLAVOUR=release all build/release/tests/bench/bench_wire \
	  build/release/tests/bench/bench_calendar
	build/release/tests/bench/bench_wire $(BENCH_ARGS)
	build/release/tests/bench/bench_calendar

bench-store: ## figures of the store beside bare SQLite and bare write + sync
	@$(MAKE) --no-print-directory FLAVOUR=release build/release/tests/bench/bench_store
	build/release/tests/bench/bench_store $(BENCH_ARGS)

bench-text: ## figures of the shared text: make bench-text TRACES=DIR
	@$(MAKE) --no-print-directory FLAVOUR=release build/release/tests/bench/bench_text
	build/release/tests/bench/bench_text $(TRACES)

check-source: ## include direction, banned calls, SQL outside the store, format
	@tests/check-source

format: ## clang-format everything (version 14, as check-source asks for)
	find common server client tests -name '*.[ch]' -type f | xargs clang-format -i

install: all ## make install DESTDIR= PREFIX=/usr/local
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(B)/tandemd $(B)/tandem $(DESTDIR)$(PREFIX)/bin

clean: ## remove build/
	rm -rf build
