# Every task in one line. `make run` and `make test` need only Python 3.11+ (with venv), make and git.
PYTHON ?= python3
# A machine with a card reader adds pcsc, which needs gcc and libpcsclite-dev.
EXTRAS ?= centre,dev
BIN = .venv/bin
READY = .venv/.ready

# How long the harnesses run when they are called by name; `make proofs` has its own, short.
SEEDS ?= 5
IMAGES ?= 20000
RUNS ?= 100000
KEYS ?= 50000
# Processes that run tests side by side.
WORKERS ?= 2

.PHONY: setup run test check bench proofs crash power fuzz monkey sabotage
setup: $(READY)
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python cannot make environments here: apt install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@$(BIN)/python -m compileall -q kiosk drivers receipts sync
	@touch $@
run: setup
	@$(BIN)/kiosk run
test: setup
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not proof"
check: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
bench: setup
	@$(BIN)/python -m benchmarks
proofs: setup
	@$(BIN)/python -m pytest -n $(WORKERS) -m proof
crash: setup
	@$(BIN)/python -m tests.crash $(SEEDS)
power: setup
	@$(BIN)/python -m tests.power $(IMAGES)
	@$(BIN)/python -m tests.power.keeping
	@$(BIN)/python -m tests.power.failing
fuzz: setup
	@$(BIN)/python -m tests.fuzz $(RUNS)
monkey: setup
	@$(BIN)/python -m tests.attacks.monkey $(KEYS)
sabotage: setup
	@$(BIN)/python -m tests.sabotage
