import getpass
import json
import platform
import subprocess
import sys

from workbench.hardware import gpu_names
from workbench.machine import environment
from workbench.machine.environment import cpu_name


def test_the_environment_is_the_same_each_time_and_names_what_matters():
    facts = environment()
    assert facts == environment()
    assert facts.cpu
    assert facts.cores >= 1
    assert facts.memory_bytes > 10**8
    assert {"numpy", "tensorflow"} <= facts.versions.keys()


def test_the_environment_names_neither_the_machine_nor_its_user():
    text = environment().model_dump_json()
    words = [word for word in (platform.node(), getpass.getuser()) if len(word) > 4 and word not in {"linux", "python"}]
    assert not [word for word in words if word in text]


def test_another_process_on_this_machine_finds_the_same_id_without_tensorflow():
    program = (
        "import json, sys; from workbench.machine import environment;"
        "print(json.dumps([environment().machine_id, [m for m in ('tensorflow', 'keras', 'cpuinfo') if m in sys.modules]]))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    machine, heavy = json.loads(answer.stdout)
    assert machine == environment().machine_id
    assert "tensorflow" not in heavy
    assert "keras" not in heavy


def test_the_processor_is_read_from_the_file_that_is_quick(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Fast Chip 9000\n\nprocessor\t: 1\nmodel name\t: Fast Chip 9000\n")
    assert cpu_name(file) == "Fast Chip 9000"


def test_where_there_is_no_such_file_the_processor_has_a_name_all_the_same(tmp_path):
    assert cpu_name(tmp_path / "missing")


def test_gpus_are_read_from_the_driver(tmp_path):
    for number in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "information").write_text("Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 27\n")
    assert gpu_names(tmp_path) == ("NVIDIA H100 80GB HBM3",) * 2


def test_a_machine_without_gpus_has_none(tmp_path):
    assert gpu_names(tmp_path / "missing", program="no-such-nvidia-smi") == ()
