#!/usr/bin/env bash
# What a GPU gives, in at most eight minutes: bash benchmarks/gpu.sh, then make generate.
# The 94 % run with three seeds, the speed of the posts' trainings, and this course beside other libraries. The results
# are results/*_cuda.json; until they are there, results/README.md says "not measured".
# It takes the Python that has PyTorch, .venv or python3, and installs only what that one lacks. Lightning and fastai are
# measured where that Python has them already: an environment of their own would take longer than all measurements.
#   COURSE_DATA_DIR  where the data sets lie; else they are fetched
#   COURSE_GPU       cpu: try the script without a GPU, on a few pictures; nothing is stored
#   OUT              a folder to which the results are copied as well
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" COURSE_INTERACTIVE=0 PYTHONUNBUFFERED=1
export COURSE_DATA_DIR="${COURSE_DATA_DIR:-$PWD/data}"
device="${COURSE_GPU:-cuda}" all=480 status=0

within() {   # SECONDS COMMAND...: no longer than so many seconds, nor than what is left of the eight minutes
    local limit=$1 left=$((all - SECONDS))
    shift
    ((limit < left)) || limit=$left
    if ((limit < 5)); then
        echo "== no time left for: $*" >&2
        status=1
        return 0
    fi
    echo "== $* (after $SECONDS s, at most $limit s)"
    timeout --kill-after=5 "$limit" "$@" || {
        echo "== status $?: $*" >&2
        status=1
    }
}

python=python3
[ -x .venv/bin/python ] && python=.venv/bin/python
needs="import cv2, filelock, imageio, IPython, matplotlib, numpy, PIL, torch, torchvision, tqdm"
if ! "$python" -c "$needs" 2>/dev/null; then
    # What is there and new enough stays as it is.
    within 120 "$python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
fi
"$python" -c "import torch; print('torch', torch.__version__, torch.cuda.get_device_name() if '$device' == 'cuda' else 'cpu')" || exit 1

for unpack in shared/data/unpack.py ../shared/data/unpack.py; do   # where the data sets lie beside the checkout
    [ -f "$unpack" ] && [ ! -d "$COURSE_DATA_DIR/MNIST" ] && within 60 "$python" "$unpack" "$COURSE_DATA_DIR"
done

if [ "$device" = cpu ]; then
    within 100 "$python" -m benchmarks.reproduce --only CAP --seeds 777 --list
    within 100 "$python" -m benchmarks.speed --only M --rounds 1 --seconds 0.05
    within 200 "$python" -m benchmarks.peers --only LeNet --here --peers ours plain --cores 1 --images 256 --seconds 1
    exit $status
fi

within 150 "$python" -m benchmarks.reproduce --device cuda --only CAP
within 150 "$python" -m benchmarks.speed --device cuda --write --rounds 5 --seconds 0.3
within 150 "$python" -m benchmarks.peers --device cuda --here --write --seconds 20
[ -n "${OUT:-}" ] && cp results/*_cuda.json "$OUT"
ls -l results/*_cuda.json
exit $status
