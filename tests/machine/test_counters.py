import psutil
import pytest

from workbench.hardware import cgroup_folders, quota_cores
from workbench.machine import WorkMeter, take_sample
from workbench.machine.counters import core_busy_seconds, throttled_times


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2 = {"proc/self/cgroup": "0::/box/job\n", "sys/fs/cgroup/box/job/cpu.max": "150000 100000\n"}
V2_STAT = {"sys/fs/cgroup/box/job/cpu.stat": "usage_usec 5\nnr_periods 10\nnr_throttled 3\n"}
V1 = {
    "proc/self/cgroup": "4:memory:/box\n2:cpu,cpuacct:/box\n",
    "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu,cpuacct/box/cpu.stat": "nr_periods 9\nnr_throttled 7\nthrottled_time 1\n",
}


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        (V2, 1.5),
        (V2 | {"sys/fs/cgroup/box/job/cpu.max": "max 100000\n"}, None),
        (V2 | {"sys/fs/cgroup/box/cpu.max": "100000 100000\n"}, 1.0),
        (V1, 0.5),
        (V1 | {"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "-1\n"}, None),
        (V1 | {"proc/self/cgroup": "2:cpu,cpuacct:/\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n"}, None),
        (V2 | {"sys/fs/cgroup/box/job/cpu.max": "nonsense\n"}, None),
        ({}, None),
    ],
    ids=["v2", "v2 without limit", "v2 limit above", "v1", "v1 without limit", "v1 root", "unreadable", "no cgroups"],
)
def test_the_tightest_quota_is_read(tmp_path, files, cores):
    assert quota_cores(tree(tmp_path, files)) == cores


@pytest.mark.parametrize(
    ("files", "times"), [(V2 | V2_STAT, 3), (V1, 7), (V2, None), ({}, None)], ids=["v2", "v1", "untold", "no cgroups"]
)
def test_throttling_is_read(tmp_path, files, times):
    assert throttled_times(tree(tmp_path, files)) == times


def test_a_group_whose_folder_is_outside_the_container_falls_back_to_those_above(tmp_path):
    root = tree(tmp_path, {"proc/self/cgroup": "0::/host/path\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"})
    assert cgroup_folders(root) == (root / "sys/fs/cgroup",)
    assert quota_cores(root) == 2.0


def test_counters_only_go_forward():
    first, last = take_sample(), take_sample()
    assert last.at_seconds > first.at_seconds
    assert last.own_seconds >= first.own_seconds
    assert first.busy_seconds is None or last.busy_seconds >= first.busy_seconds


def test_work_is_summed_over_stretches_and_each_core_has_its_share() -> None:
    cpu, cores, now = (
        iter([0.0, 1.5, 9.0, 9.5]),
        iter([(0.0, 5.0), (2.0, 5.5), (7.0, 7.0), (9.0, 7.0)]),
        iter([0.0, 2.0, 8.0, 10.0]),
    )
    meter = WorkMeter(lambda: next(cpu), lambda: next(cores), lambda: next(now))

    for _ in range(2):
        with meter.running():
            pass

    assert meter.cpu_seconds == 2.0
    assert meter.core_busy == (1.0, 0.125)


def test_a_moment_is_too_short_to_tell_how_busy_the_cores_are() -> None:
    now = iter([0.0, 0.1])
    meter = WorkMeter(core_clock=lambda: (1.0,), clock=lambda: next(now))
    with meter.running():
        pass

    assert meter.core_busy == ()
    assert WorkMeter().core_busy == ()


def test_every_core_of_this_machine_is_told() -> None:
    busy = core_busy_seconds()

    assert len(busy) == psutil.cpu_count()
    assert all(seconds >= 0 for seconds in busy)
