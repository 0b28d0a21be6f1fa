"""setup, the first call of every lesson, and the Course that it gives."""

import platform
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from course_utils import ROOT, device, doctor
from course_utils import course as course_module
from course_utils.course import Course, setup
from course_utils.data import ImageDataset
from course_utils.files import standin


@pytest.fixture
def speed(monkeypatch):
    def choose(name):
        monkeypatch.setenv("COURSE_SPEED", name)
        return setup("04")

    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    monkeypatch.setattr(standin, "used", set())
    return choose


def test_one_line_of_status(speed, capsys):
    course = speed("class")
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    for part in ("Lesson 04", "speed: class", "device: cpu", "data: mnist", "torch " + torch.__version__.split("+")[0]):
        assert part in out
    assert (course.lesson, course.seed, course.device.type) == ("04", 777, "cpu")


def test_the_status_line_says_that_a_standin_will_be_used(speed, capsys, monkeypatch):
    monkeypatch.setattr(course_module, "locate", lambda name: None)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    speed("class")
    assert "STAND-IN" in capsys.readouterr().out
    monkeypatch.delenv("COURSE_OFFLINE")
    speed("class")
    assert "and fetched" in capsys.readouterr().out


def test_seeds(speed):
    speed("class")
    first = torch.rand(2), np.random.rand()
    speed("class")
    second = torch.rand(2), np.random.rand()
    assert torch.equal(first[0], second[0]) and first[1] == second[1]


@pytest.mark.parametrize("name, epochs, length", [("smoke", 1, 8), ("class", 5, 20), ("full", 21, 20)])
def test_the_speed_chooses(speed, name, epochs, length):
    course = speed(name)
    assert course.epochs(smoke=1, classroom=5, full=21) == epochs
    assert len(course.sample(TensorDataset(torch.zeros(20)), n=8)) == length


def test_a_sample_keeps_the_kind_of_its_data_set(speed):
    images = ImageDataset(torch.zeros(20, 1, 2, 2, dtype=torch.uint8), torch.arange(20) % 10, (0.5,), (0.5,))
    few = speed("smoke").sample(images, n=8)
    assert isinstance(few, ImageDataset) and few.labels.tolist() == [*range(8)] and few.mean == (0.5,)
    assert speed("class").sample(images, n=8) is images


def test_class_is_the_speed_without_a_word(monkeypatch):
    monkeypatch.delenv("COURSE_SPEED", raising=False)
    assert setup("04").speed == "class"


@pytest.mark.parametrize("variable, value, message", [("COURSE_SPEED", "fast", "smoke, class, full"),
                                                      ("COURSE_DEVICE", "quantum", "does not work here")])  # fmt: skip
def test_words_that_are_not_known(monkeypatch, variable, value, message):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=message):
        setup("04")


@pytest.fixture
def old_gpu(monkeypatch):
    """A GPU that makes tensors, but has no kernel for a convolution: the CPU plays it."""
    plain, as_usual = torch.nn.functional.conv2d, torch.Tensor.to
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    monkeypatch.setenv("COURSE_THREADS", "1")  # nothing is tried, which would need a convolution, too
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "GeForce GTX 680")
    monkeypatch.setattr(torch.Tensor, "to", lambda x, where: as_usual(x, "cpu"))
    calls = []

    def on_the_gpu(change):
        def conv2d(*arguments):
            calls.append(1)
            return plain(*arguments) if len(calls) % 2 else change(plain(*arguments))

        monkeypatch.setattr(device.F, "conv2d", conv2d)

    return on_the_gpu


def no_kernel(_):
    raise RuntimeError("CUDA error: no kernel image is available for execution on the device\nCompile with ...")


@pytest.mark.parametrize(
    "change, reason",
    [
        (no_kernel, "no kernel image is available"),
        (lambda y: 1.1 * y, "wrong by 21%"),
        (lambda y: y * float("nan"), "wrong by nan"),
    ],
)
def test_a_gpu_that_cannot_compute_is_left_alone(old_gpu, capsys, monkeypatch, change, reason):
    old_gpu(change)
    assert setup("04").device.type == "cpu"
    out = capsys.readouterr().out
    assert "The GPU of this machine cannot be used with this PyTorch" in out and reason in out
    assert "COURSE_DEVICE" not in out and out.count("\n") == 2, "one clear line, then the status"
    (finding,) = doctor.device()
    assert "GeForce GTX 680 cannot be used" in finding.what and reason in finding.what and not finding.todo
    monkeypatch.setenv("COURSE_DEVICE", "cuda")
    with pytest.raises(ValueError, match="COURSE_DEVICE is 'cuda', which does not work here"):
        setup("04")


def test_a_gpu_that_computes_nearly_as_the_cpu_is_used(old_gpu):
    old_gpu(lambda y: 1.0001 * y)
    assert device.fault_of("cuda") == "" and "run on GeForce" in next(doctor.device()).what


def test_between(speed, capsys):
    course = speed("class")
    course.between(0.98, 0.975, 1)
    assert "test accuracy 0.98 lies between 0.975 and 1" in capsys.readouterr().out
    for outside in (0.97, float("nan")):
        with pytest.raises(AssertionError, match="should lie between 0.975 and 1"):
            course.between(outside, 0.975, 1, what="it")


def test_between_is_not_checked_where_it_does_not_hold(speed, capsys, monkeypatch):
    speed("smoke").between(0.1, 0.975, 1)
    assert "not checked at smoke speed" in capsys.readouterr().out
    monkeypatch.setattr(standin, "used", {"mnist"})
    course = speed("class")
    capsys.readouterr()
    course.between(0.1, 0.975, 1)
    assert "not checked on stand-in data" in capsys.readouterr().out


def test_a_course_cannot_be_changed_by_accident():
    with pytest.raises(AttributeError):
        Course("04", 777, "class", torch.device("cpu")).speed = "full"


@pytest.mark.slow  # two processes that import torch and train
def test_freed_memory_is_kept_for_the_next_step():
    """On Linux with glibc, a block that is freed and asked for again costs no page fault. Elsewhere nothing happens."""
    script = """
import torch
from course_utils.device import keep_freed_memory
try:
    import resource
    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            torch.ones(5_000_000)  # 20 MB
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
except ImportError:  # Windows
    def faults():
        return 0
keep_freed_memory()
faults()
print(faults())
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    if platform.libc_ver()[0] == "glibc":
        assert int(run.stdout) < 1000, "20 blocks of 5,000 pages each, taken anew, would be 100,000 faults"


@pytest.mark.slow  # a process that imports torch
def test_freed_memory_between_blocks_in_use_is_given_back():
    script = """
import psutil, torch
from course_utils.device import give_back_freed_memory, keep_freed_memory
keep_freed_memory()
blocks = [torch.ones(500_000) for _ in range(100)]  # 2 MB each
blocks = blocks[::2]
before = psutil.Process().memory_info().rss
give_back_freed_memory()
print(before - psutil.Process().memory_info().rss)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    if platform.libc_ver()[0] == "glibc":
        assert int(run.stdout) > 90e6, "50 blocks of 2 MB lie between blocks that are still in use"
