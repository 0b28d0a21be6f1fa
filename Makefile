# lab · test · test-slow · test-browser · test-colab · test-oldest · site · test-site · handin · test-handin · check · data ·
# generate · notebooks.
# On Windows, README.md gives the same commands without make.
PYTHON ?= python3
BIN    := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN    := $(BIN)/python
PIP    := $(RUN) -m uv pip install --python $(RUN)
# As pip does it: else the first import of torch takes ten seconds, and each import where .venv cannot be written.
export UV_COMPILE_BYTECODE := 1

.PHONY: lab test test-slow test-browser test-colab test-oldest site test-site handin test-handin check data generate notebooks

lab: .venv/lab.stamp            ## open the lessons in JupyterLab
	@$(RUN) -m course_utils lab $(ARGS)

test: .venv/test.stamp          ## unit tests, rules of the notebooks, and every lesson at smoke speed
	@$(RUN) -m pytest -n 2 $(ARGS)

test-slow: .venv/test.stamp     ## what takes long and rarely breaks: each cell run twice, trainings on the stand-in, killed processes
	@$(RUN) -m pytest -n 2 -m slow $(ARGS)

test-browser: .venv/test.stamp  ## the digit pad and the controls in a real JupyterLab and Chromium (Debian, Ubuntu; real data)
	@tests/environments/browser/run

test-colab: .venv/test.stamp    ## every lesson as Colab opens it, with Colab's versions (Linux, macOS)
	@tests/environments/colab/run $(ARGS)

test-oldest: .venv/test.stamp   ## tests and lessons with the oldest versions that requirements.txt allows (Linux, macOS)
	@tests/environments/oldest/run $(ARGS)

site: .venv/site.stamp          ## a book of the lessons with their stored outputs, in build/site/html (needs npm, for MathJax)
	@$(RUN) -m tools.make_site

test-site: site                 ## every page of it in a real Chromium (Debian, Ubuntu)
	@tests/environments/site/run $(ARGS)

handin: .venv/handin.stamp      ## the exercises as a course for nbgrader, in build/handin (ARGS=FOLDER; docs/INSTRUCTOR.md)
	@$(RUN) -m tools.handin $(ARGS)

test-handin: .venv/handin.stamp ## a class hands in, and nbgrader marks it (Linux, macOS)
	@tests/environments/handin/run $(ARGS)

check: .venv/test.stamp         ## before class: machine, data, every lesson (SPEED=smoke|class|full, WRITE=1)
	@$(RUN) -m course_utils check $(if $(SPEED),--speed $(SPEED)) $(if $(WRITE),--write) $(ARGS)
	@$(if $(WRITE),$(RUN) -m tools.generate)

data: .venv/lab.stamp           ## fetch and verify the data sets
	@$(RUN) -m course_utils data $(ARGS)

generate: .venv/test.stamp      ## write all that is made from something else: exercises, quizzes, tables, minutes (ARGS=--check)
	@$(RUN) -m tools.generate $(ARGS)

notebooks: .venv/test.stamp     ## execute the lessons again and store them (NB="notebooks/04*.ipynb", TIMES=1)
	@$(RUN) -m tools.run_notebooks $(if $(TIMES),--times) $(NB)
	@$(if $(TIMES),$(RUN) -m tools.generate)

# The stamps are written last: an installation that was cut off has none, and is made again from the start.
$(shell $(RUN) -c "" 2>/dev/null || rm -f .venv/*.stamp)

define NO_PYTHON

This course needs Python 3.10 or newer with its venv module, and "$(PYTHON)" is not that.
  A newer Python under another name:  make lab PYTHON=python3.12
  Debian or Ubuntu without venv:      sudo apt install python3-venv
  No newer Python at all:             get one from python.org
endef
export NO_PYTHON

.venv/lab.stamp: requirements.txt
	@$(PYTHON) -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))" 2>/dev/null || { echo "$$NO_PYTHON" >&2; exit 1; }
	@test -e $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	$(RUN) -m pip install --quiet --disable-pip-version-check uv
	$(PIP) -r requirements.txt
	@touch $@

.venv/test.stamp: .venv/lab.stamp pyproject.toml
	@rm -f $< $@
	$(PIP) -r pyproject.toml --extra test
	@touch $< $@

.venv/site.stamp: .venv/test.stamp
	$(PIP) -r pyproject.toml --extra site
	@touch $@

.venv/handin.stamp: .venv/test.stamp
	$(PIP) -r pyproject.toml --extra handin
	@touch $@
