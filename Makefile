# Every target sets up what it needs, once and quietly, and then does its work. `make help` lists them.
#
#   PYTHON=python3.12 make run   with another Python (3.11 or newer)
#   PORT=9000 make run           on another port
#   make test-python ARGS="tests/unit -k fold"

PORT ?= 8000
ARGS ?=
UPGRADE ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-python test-web test-e2e check generate fmt bench bench-web chaos soak lock wheel clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

run: ## set up and start Millrace on http://127.0.0.1:8000 (PORT changes the port); reads .env where there is one
	@scripts/setup.sh python page
	@exec $(if $(wildcard .env),.venv/bin/dotenv --file .env run --no-override --) \
	  .venv/bin/millrace serve --port $(PORT) --data-dir ./data

test: ## set up and run all tests: Python, TypeScript, browser
	@scripts/setup.sh dev page services
	@scripts/test.sh python web e2e

test-python: ## the Python tests alone; ARGS go to pytest
	@scripts/setup.sh dev services
	@scripts/test.sh python $(ARGS)

test-web: ## the TypeScript tests alone
	@scripts/setup.sh node
	@scripts/test.sh web

test-e2e: ## the browser tests alone
	@scripts/setup.sh dev page services
	@scripts/test.sh e2e

check: ## format, lint, types, layers, generated files: all that is not a test
	@scripts/setup.sh dev node
	@scripts/check.sh

generate: ## write the generated files anew
	@scripts/setup.sh dev node
	@scripts/generated.sh

fmt: ## format and mend what can be mended without thought
	@scripts/setup.sh dev node
	@.venv/bin/ruff check --quiet --fix-only .
	@.venv/bin/ruff format --quiet .
	@npm run --silent fmt

bench: ## measure against the floor and the usual app; ARGS=--quick for a short run
	@scripts/setup.sh dev
	@exec .venv/bin/python -m bench $(ARGS)

bench-web: ## measure the page in a browser: painting, slow phones, memory, long answers; ARGS="--quick --assert"
	@scripts/setup.sh dev page services
	@eval "$$(scripts/services.sh)"; exec npm run --silent bench --workspace bench/web -- $(ARGS)

chaos: ## break servers while they answer, count every token, write docs/reliability.md; ARGS=--quick for a short run
	@scripts/setup.sh dev services
	@eval "$$(scripts/services.sh)"; exec .venv/bin/python -m chaos $(ARGS)

soak: ## an hour's worth of answers, and what is left of them in the server; ARGS=--short for a short run
	@scripts/setup.sh dev services
	@eval "$$(scripts/services.sh)"; exec .venv/bin/python -m soak $(ARGS)

lock: ## renew the Python locks after a change of pyproject.toml (UPGRADE=1 takes the newest of all)
	@scripts/setup.sh dev
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

wheel: ## build the wheel, with the page inside, into dist/
	@scripts/setup.sh dev page
	@.venv/bin/hatchling build -t wheel

clean: ## remove all that was set up or built; keeps ./data
	@rm -rf .make .venv node_modules clients/*/node_modules web/node_modules dist build src/millrace/web \
	  .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests bench chaos soak examples -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
