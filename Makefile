# Every target builds .venv itself; all can be repeated and interrupted at any time.
# pip's own variables apply: PIP_INDEX_URL or PIP_EXTRA_INDEX_URL pointed at PyTorch's CPU
# packages saves about 4 GB on Linux.

PYTHON  ?= python3
PROFILE ?= lesson
OUT     ?= out
ONLY    ?=
REPO    ?=

# Another environment that happens to be active here must not speak into this one.
unexport VIRTUAL_ENV

VENV := .venv
RUN  := $(VENV)/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help course test test-faults lab store links doctor clean

help:
	@echo "make course    set up, then run all notebooks     PROFILE=smoke|lesson|full ONLY=03,05 OUT=out"
	@echo "make test      set up, then check everything, timed per part"
	@echo "make test-faults  kill trainings and the study, at 20 random moments each"
	@echo "make lab       set up, then open the notebooks in JupyterLab"
	@echo "make doctor    versions, memory, data, minutes per notebook on this machine"
	@echo "make store     format notebooks and store their outputs              ONLY=03"
	@echo "make links     write the Binder and Colab links; empty REPO removes them   REPO=owner/name"
	@echo "make clean     remove .venv, out and caches"

course: $(VENV)/.course
	@echo "== Running the notebooks at $(PROFILE) values; pages go to $(OUT)/"
	@$(RUN) haze_course run --profile $(PROFILE) $(if $(ONLY),--only "$(ONLY)") --out "$(OUT)" --resume

test: $(VENV)/.test
	@$(RUN) tests.parts

test-faults: $(VENV)/.test
	@HAZE_FAULTS=20 $(RUN) pytest tests/test_faults.py tests/test_study_faults.py

lab: $(VENV)/.course
	@echo "== JupyterLab; stop it with Ctrl-C"
	@$(RUN) jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks  # root: in containers

store: $(VENV)/.test
	@echo "== Formatting the notebooks, running them at lesson values, storing their outputs"
	@$(RUN) ruff format notebooks
	@$(RUN) haze_course run --in-place --record $(if $(ONLY),--only "$(ONLY)") --out "$(OUT)"

links: $(VENV)/.course
	@$(RUN) haze_course links "$(REPO)"

doctor: $(VENV)/.course
	@$(RUN) haze_course doctor

clean:
	rm -rf $(VENV) "$(OUT)" .pytest_cache .ruff_cache .mypy_cache .hypothesis

# A stamp is written last, so what was interrupted is done again.
$(VENV)/.made:
	@echo "== Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.course: $(VENV)/.made pyproject.toml constraints.txt
	@echo "== Installing the course; torch is large: some silent minutes the first time"
	@$(RUN) pip install -qq --disable-pip-version-check -c constraints.txt -e ".[course]"
	@touch $@

$(VENV)/.test: $(VENV)/.course
	@echo "== Installing what the tests need"
	@$(RUN) pip install -qq --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $@
