# The commands of this project. `make help` lists them.
PYTHON ?= python3
RUN := .venv/bin/python
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help env book serve test unit lab lint format bench benchgpu benchpage weight screenshots pythons repository clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: ## the virtual environment .venv with everything in requirements.txt
	@$(PYTHON) -m tools.venv

book: env ## execute every chapter and build the site into _build/html
	@$(RUN) -m tools.book

serve: env ## show the built site on http://localhost:8000 (PORT=... for another port)
	@$(RUN) -m tools.book serve

test: env ## everything: unit tests, every notebook, the book, the site in a browser
	@$(RUN) -m tools.check

unit: env ## only the unit tests
	@$(RUN) -m tools.check unit

lab: env ## open the chapters in JupyterLab
	@$(RUN) -m jupyter lab --notebook-dir book

lint: env ## ruff on code and notebooks, and the notebooks' house rules
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check . && $(RUN) -m tools.notebooks check

format: env ## ruff's formatting, and outputs out of the notebooks
	@$(RUN) -m ruff format . && $(RUN) -m tools.notebooks strip

TIMINGS := step layers inference drawn_faces
bench: env ## how fast is it here? some twelve minutes on a quiet machine; into benchmarks/results/
	@for name in $(TIMINGS); do echo "== $$name"; $(RUN) benchmarks/$$name.py || exit 1; done

benchgpu: ## the same on a machine with a GPU and torch: eight minutes, into benchmarks/results/gpu.json
	@$(PYTHON) benchmarks/gpu.py

benchpage: env ## how fast is the page in a browser? five minutes on a quiet machine; into benchmarks/results/page.json
	@$(RUN) benchmarks/page.py

weight: ## what the widgets of each built page weigh, against what a page may carry
	@$(RUN) -m tools.page_weight

screenshots: env ## every page at two widths, light and dark, into _build/screenshots
	@$(RUN) -m tests.browser.screenshots

pythons: env ## the unit tests on every Python 3.11 to 3.13 of this machine
	@$(RUN) -m tools.pythons

repository: ## URL=https://github.com/you/name: change the repository's address everywhere
	@$(PYTHON) -m tools.set_repository $(URL)

clean: ## what was built and cached; the virtual environments stay
	@rm -rf _build web/vendor .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
