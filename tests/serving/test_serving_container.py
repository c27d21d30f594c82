"""In its image the service writes to one folder alone, and takes the machine code that the image carries with it."""

from pathlib import Path

from serving.deploy import container


def test_bentoml_and_numba_write_to_the_scratch_folder_and_machine_code_is_there(tmp_path: Path) -> None:
    carried, scratch = tmp_path / "carried", tmp_path / "scratch"
    (carried / "kernel_1f").mkdir(parents=True)
    (carried / "kernel_1f" / "row.nbc").write_bytes(b"code")
    given = {"NUMBA_CACHE_DIR": str(carried), "BENTOML_HOME": "/elsewhere", "LEAD_SCORING_WORKERS": "2"}
    assert container.environment(given, scratch) == {
        "NUMBA_CACHE_DIR": str(scratch / "numba"),
        "BENTOML_HOME": str(scratch / "bentoml"),
        "LEAD_SCORING_WORKERS": "2",
    }
    assert (scratch / "numba" / "kernel_1f" / "row.nbc").read_bytes() == b"code"
    assert container.environment(given, scratch), "a container that is started again finds its copy there"


def test_without_machine_code_there_is_nothing_to_take(tmp_path: Path) -> None:
    assert container.environment({}, tmp_path) == {"BENTOML_HOME": str(tmp_path / "bentoml")}
