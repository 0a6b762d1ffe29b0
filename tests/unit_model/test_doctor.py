"""The diagnostics: their job with a tiny real network, their texts, and the command."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from fakes import ColourClassifier, make_weights
from onnx_desk import TINY, copy_export, tiny_networks

from model import cli_doctor, doctor, doctor_facts, engine_choice, speed_trial
from model.cancel import Cancelled, CancelToken
from model.classify_request import ClassifierWish
from model.cli import main
from model.doctor_texts import report_json, report_lines
from model.doctor_types import (
    Choice,
    DecodeSpeed,
    DoctorEvent,
    DoctorRequest,
    EngineSpeed,
    EngineUnusable,
    Fact,
    Finding,
    plain,
)
from model.errors import DeviceError, PhotospotterError
from model.exit_codes import EXIT_CANNOT_RUN, EXIT_INTERRUPTED, EXIT_OK, EXIT_SOME_FAILED
from model.machine_facts import Memory
from model.onnx_cache import OnnxCache
from model.types import InstalledWeights, NetworkExported, Problem
from model.weights import Catalogue, default_catalogue

REQUEST = DoctorRequest(TINY.id, seconds=0.001)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode a small picture, on a computer that is idle."""
    measure = speed_trial.measure_decoding
    monkeypatch.setattr(doctor, "measure_decoding", lambda *given: measure(*given, size=(64, 48)))
    monkeypatch.setattr(doctor_facts, "load", lambda: 0.0)


def examine(request: DoctorRequest = REQUEST) -> list[DoctorEvent]:
    with tiny_networks():
        return list(doctor.examine(request, default_catalogue(), CancelToken()))


def found(events: list[DoctorEvent], kind: str) -> list[str]:
    return [event.problem.code for event in events if isinstance(event, Finding) and event.kind == kind]


@pytest.mark.usefixtures("tiny", "quick", "one_thread")
def test_with_an_export_both_engines_are_measured_and_onnx_runtime_is_used(
    own_data_dir: Path, exported: NetworkExported
) -> None:
    copy_export(exported, own_data_dir / "onnx")
    events = examine()
    speeds = [event for event in events if isinstance(event, EngineSpeed)]
    wanted = {(engine, batch) for engine in ("torch", "onnx") for batch in (1, 2, 4, 8)}
    assert {(speed.engine, speed.batch) for speed in speeds} == wanted
    assert all(speed.slowest <= speed.rate <= speed.fastest and speed.repeats >= 1 for speed in speeds)
    assert all(speed.threads for speed in speeds)
    assert [event.mode for event in events if isinstance(event, DecodeSpeed)] == ["exact", "fast"]
    (choice,) = (event for event in events if isinstance(event, Choice))
    assert (choice.engine, choice.device, choice.reason.code) == ("onnx", "cpu", "doctor-why-onnx")
    facts = {event.name: event.value for event in events if isinstance(event, Fact)}
    assert facts["doctor-fact-export"].code == "doctor-export-ready"
    assert dict(facts["doctor-fact-exports"].params)["count"] == 1
    assert [type(event) for event in events].index(EngineSpeed) > max(
        place for place, event in enumerate(events) if isinstance(event, Fact)
    )


@pytest.mark.usefixtures("tiny", "quick", "one_thread")
def test_without_an_export_torch_is_used_and_the_reason_is_the_cache() -> None:
    events = examine()
    (choice,) = (event for event in events if isinstance(event, Choice))
    assert (choice.engine, choice.reason.code) == ("torch", "doctor-why-not-exported")
    (unusable,) = (event for event in events if isinstance(event, EngineUnusable))
    assert (unusable.engine, unusable.problem.code) == ("onnx", "doctor-why-not-exported")


@pytest.mark.usefixtures("quick", "one_thread")
def test_a_rejected_export_is_told_with_its_reason(tiny: InstalledWeights, own_data_dir: Path) -> None:
    OnnxCache(own_data_dir / "onnx").reject(tiny, "a probability differs")
    events = examine(replace(REQUEST, measure=False))
    facts = {event.name: event.value for event in events if isinstance(event, Fact)}
    assert facts["doctor-fact-export"] == Problem("doctor-export-rejected", (("reason", "a probability differs"),))
    (choice,) = (event for event in events if isinstance(event, Choice))
    assert choice.reason == Problem("doctor-why-rejected", (("reason", "a probability differs"),))
    assert not any(isinstance(event, EngineSpeed | EngineUnusable | DecodeSpeed) for event in events)


@pytest.mark.usefixtures("quick")
def test_damaged_weights_are_a_problem_and_nothing_is_measured(tiny: InstalledWeights) -> None:
    tiny.paths["network"].write_bytes(b"x" * tiny.paths["network"].stat().st_size)
    events = examine()
    assert "weights-damaged" in found(events, "problem")
    assert not any(isinstance(event, EngineSpeed | Choice) for event in events)
    assert any(isinstance(event, Fact) for event in events)


@pytest.mark.usefixtures("tiny", "quick")
def test_a_torch_that_cannot_be_imported_is_told_and_onnx_runtime_still_measured(
    monkeypatch: pytest.MonkeyPatch, own_data_dir: Path, exported: NetworkExported
) -> None:
    def broken() -> None:
        raise OSError("libgomp.so: cannot open shared object file\nmore")

    copy_export(exported, own_data_dir / "onnx")
    monkeypatch.setattr(doctor, "look_at_torch", broken)
    events = examine()
    (fault,) = (event.problem for event in events if isinstance(event, Finding) and event.kind == "problem")
    assert (fault.code, dict(fault.params)["reason"]) == (
        "doctor-torch-fails",
        "libgomp.so: cannot open shared object file",
    )
    assert {event.engine for event in events if isinstance(event, EngineSpeed)} == {"onnx"}


def test_cancelling_ends_it(tiny: InstalledWeights) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list(doctor.examine(REQUEST, default_catalogue(), token))


# --- the choice and its reason ---


class FakeLoaded(ColourClassifier):
    def __init__(self, engine: str, device: str) -> None:
        super().__init__(make_weights())
        self.engine = engine  # type: ignore[assignment]
        self.device_key = device


@pytest.mark.parametrize(
    ("request_", "loaded", "took_cpu", "code"),
    [
        (replace(REQUEST, engine="torch"), ("torch", "cpu"), True, "engine-set"),
        (REQUEST, ("onnx", "cpu"), True, "onnx"),
        (REQUEST, ("torch", "cuda"), False, "gpu"),
        (replace(REQUEST, device="cuda"), ("torch", "cuda"), False, "device-set"),
        (REQUEST, ("torch", "cpu"), False, "driver-first"),
        (REQUEST, ("torch", "cpu"), True, "not-exported"),
    ],
)
def test_the_reason_follows_what_the_program_loaded(
    monkeypatch: pytest.MonkeyPatch,
    request_: DoctorRequest,
    loaded: tuple[str, str],
    took_cpu: bool,
    code: str,
) -> None:
    monkeypatch.setattr(doctor, "load_classifier", lambda *_given: FakeLoaded(*loaded))
    monkeypatch.setattr(doctor, "runs_on_cpu", lambda _wish: took_cpu)
    (choice,) = doctor._choose(make_weights(), request_, [])
    assert isinstance(choice, Choice)
    assert (choice.engine, choice.device) == loaded
    assert choice.reason.code == f"doctor-why-{code}"


def test_the_job_chooses_by_the_programs_own_function() -> None:
    assert doctor.load_classifier is engine_choice.load_classifier
    assert doctor.runs_on_cpu is engine_choice.runs_on_cpu


def speed(engine: str, rate: float, device: str = "cpu") -> EngineSpeed:
    return EngineSpeed(engine, device, device.upper(), 8, rate, rate, rate, 3, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(("other", "told"), [(9.0, False), (10.9, False), (11.5, True)])
def test_what_is_a_tenth_faster_is_told(monkeypatch: pytest.MonkeyPatch, other: float, told: bool) -> None:
    monkeypatch.setattr(doctor, "load_classifier", lambda *_given: FakeLoaded("torch", "cpu"))
    events = list(doctor._choose(make_weights(), REQUEST, [speed("torch", 10.0), speed("onnx", other)]))
    assert found(events, "hint") == (["doctor-faster"] if told else [])  # type: ignore[arg-type]


# --- measuring ---


def ticking(step: float = 1.0) -> Iterator[float]:
    return count(0.0, step)  # type: ignore[return-value]


def test_work_is_repeated_for_the_given_seconds_after_a_warm_up() -> None:
    done: list[int] = []
    ticks = ticking()
    times = speed_trial.take_times(lambda: done.append(1), 10.0, CancelToken(), clock=lambda: next(ticks))
    assert len(done) == 1 + len(times.seconds)
    assert 1 < len(times.seconds) <= 10
    assert times.median == 1.0


def test_work_that_takes_longer_than_that_is_done_once() -> None:
    ticks = ticking(5.0)
    assert len(speed_trial.take_times(int, 1.0, CancelToken(), clock=lambda: next(ticks)).seconds) == 1


def test_a_gpu_is_measured_with_larger_batches_until_its_memory_is_full() -> None:
    class Small(ColourClassifier):
        def classify(self, pixels, top):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            self.batch_size = min(self.batch_size, 16) if len(pixels) > 16 else self.batch_size
            return super().classify(pixels, top)

    wishes: list[ClassifierWish] = []

    def load(wish: ClassifierWish) -> ColourClassifier:
        wishes.append(wish)
        return Small(make_weights(), wish.batch_size or 1)

    events = list(speed_trial.measure_engine("torch", "cuda", load, 0.0, CancelToken()))
    assert [event.batch for event in events if isinstance(event, EngineSpeed)] == [1, 2, 4, 8, 16]
    assert isinstance(events[-1], EngineUnusable)
    assert events[-1].problem.code == "device-batch-halved"
    assert wishes == [ClassifierWish("cuda", "torch", batch_size=32)]


def test_an_engine_that_cannot_be_loaded_or_fails_is_named_with_the_reason() -> None:
    def refuse(_wish: ClassifierWish) -> ColourClassifier:
        raise DeviceError("onnx-device-absent", device="cuda")

    class Failing(ColourClassifier):
        def classify(self, pixels, top):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            raise RuntimeError("cuDNN is missing\nat line 3")

    (refused,) = speed_trial.measure_engine("onnx", "cuda", refuse, 0.0, CancelToken())
    assert refused == EngineUnusable("onnx", "cuda", Problem("onnx-device-absent", (("device", "cuda"),)))
    *_, failed = speed_trial.measure_engine("torch", "cpu", lambda _: Failing(make_weights()), 0.0, CancelToken())
    assert failed == EngineUnusable("torch", "cpu", Problem("doctor-engine-fails", (("reason", "cuDNN is missing"),)))


# --- problems ---


def problem_codes(catalogue: Catalogue) -> list[str]:
    return [problem.code for problem in doctor_facts.problems(catalogue)]


def test_a_sound_installation_has_no_problem(catalogue: Catalogue) -> None:
    assert problem_codes(catalogue) == []


def test_a_data_folder_that_is_no_folder_is_a_problem(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PHOTOSPOTTER_DATA_DIR", str(tmp_path / "file" / "data"))
    assert problem_codes(catalogue) == ["doctor-data-unwritable"]


@pytest.mark.parametrize(("value", "told"), [("ACTIVE", True), ("passive", False)])
def test_threads_that_spin_are_a_problem(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, value: str, told: bool
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", value)
    assert problem_codes(catalogue) == (["doctor-wait-policy"] if told else [])


def test_an_absent_onnx_runtime_is_a_problem(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert problem_codes(catalogue) == ["onnx-runtime-absent"]
    assert list(doctor_facts.onnx_facts()) == []


@pytest.mark.parametrize(
    ("version", "python", "aborts"),
    [("6.12.0", (3, 11), True), ("6.11.1", (3, 11), False), ("6.12.0", (3, 12), False)],
)
def test_the_pyside_that_aborts_is_known(version: str, python: tuple[int, int], aborts: bool) -> None:
    assert doctor_facts._aborts(version, python) is aborts


def test_the_pyside_that_aborts_is_told(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_facts, "_version_of_the_window", lambda: "6.12.0")
    monkeypatch.setattr(doctor_facts, "_aborts", lambda version: version == "6.12.0")
    assert problem_codes(catalogue) == ["doctor-pyside-aborts"]


def test_a_busy_computer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_facts, "load", lambda: float(os.cpu_count() or 1))
    busy = doctor_facts.busyness()
    assert busy is not None
    assert busy.code == "doctor-busy"
    for value in (0.0, None):
        monkeypatch.setattr(doctor_facts, "load", lambda value=value: value)
        assert doctor_facts.busyness() is None


def test_what_the_system_does_not_tell_is_called_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_facts, "memory", lambda: Memory(None, None))
    facts = {fact.name: fact.value for fact in doctor_facts.computer_facts()}
    assert facts["doctor-fact-memory"].code == "doctor-unknown"


# --- texts and the command ---

SOME: list[DoctorEvent] = [
    Fact("computer", "doctor-fact-processor", plain("A fast one")),
    Fact("computer", "doctor-fact-memory", Problem("doctor-unknown")),
    speed("torch", 10.0),
    EngineSpeed("onnx", "cpu", "CPU", 4, 21.5, 20.0, 22.0, 9, 2),
    DecodeSpeed("exact", 12_000_000, 5.5, 3),
    DecodeSpeed("fast", 12_000_000, 21.0, 9),
    Choice("onnx", "cpu", "CPU", 8, Problem("doctor-why-onnx")),
    Finding("no-gpu", Problem("doctor-gpu-none")),
]
BAD = Finding("problem", Problem("doctor-wait-policy", (("value", "ACTIVE"),)))


def test_the_report_has_a_row_for_each_engine_and_says_what_is_used() -> None:
    lines = report_lines(SOME)
    assert lines[:3] == ["This computer", "  Processor  A fast one", "  Memory     unknown"]
    heads = "  engine        device  threads         4       8"
    assert lines[lines.index(heads) + 1 :][:2] == [
        "  PyTorch       CPU        2         -    10.0",
        "  ONNX Runtime  CPU        2      21.5       -",
    ]
    assert "  Decoding on one thread, JPEG of 12 megapixels: 5.5 exact, 21.0 fast" in lines
    assert "Used now: ONNX Runtime on CPU, up to 8 pictures at a time" in lines
    assert lines[-1] == "No problem was found."
    assert report_lines([BAD])[0] == "Problems"


def test_the_json_holds_every_figure_and_codes() -> None:
    report = json.loads(json.dumps(report_json([*SOME, BAD], {"torch": "2.0"})))
    assert report["facts"]["computer"]["processor"] == {"text": "A fast one"}
    assert [one["rate"] for one in report["speeds"]] == [10.0, 21.5]
    assert report["choice"]["reason"]["code"] == "doctor-why-onnx"
    assert [one["code"] for one in report["findings"]] == ["doctor-gpu-none", "doctor-wait-policy"]
    assert report["versions"] == {"torch": "2.0"}


def run(monkeypatch: pytest.MonkeyPatch, events: list[DoctorEvent], error: Exception | None = None) -> list[object]:
    """Let the child process yield these values; return the requests that it was given."""
    given: list[object] = []

    def child(_target: str, arguments: tuple[object, ...], *_rest: object, **_options: object) -> Iterator[object]:
        given.append(arguments[0])
        yield from events
        if error is not None:
            raise error

    monkeypatch.setattr(cli_doctor, "run_in_child", child)
    return given


def test_the_command_prints_the_report_and_its_exit_code_tells_of_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = run(monkeypatch, SOME)
    assert main(["doctor", "--weights", "imagenet-lite2", "--seconds", "0.2"]) == EXIT_OK
    assert capsys.readouterr().out.splitlines() == report_lines(SOME)
    assert given == [DoctorRequest("imagenet-lite2", seconds=0.2)]
    run(monkeypatch, [*SOME, BAD])
    assert main(["doctor"]) == EXIT_SOME_FAILED
    run(monkeypatch, SOME[:2])
    assert main(["doctor", "--no-speed"]) == EXIT_SOME_FAILED, "nothing can classify"


def test_json_goes_to_a_file_or_to_standard_output_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(monkeypatch, SOME)
    target = tmp_path / "doctor.json"
    assert main(["doctor", "--json", str(target)]) == EXIT_OK
    assert json.loads(target.read_text(encoding="utf-8"))["choice"]["engine"] == "onnx"
    assert main(["doctor", "--json", str(target)]) == 2, "a file that exists is not replaced"
    assert main(["doctor", "--json", str(target), "--force"]) == EXIT_OK
    capsys.readouterr()
    assert main(["doctor", "--json", "-"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["schema"] == "photospotter-doctor/1"


@pytest.mark.parametrize(
    ("error", "code"), [(Cancelled(), EXIT_INTERRUPTED), (PhotospotterError("child-died"), EXIT_CANNOT_RUN)]
)
def test_what_was_found_before_the_end_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    run(monkeypatch, SOME[:2], error)
    assert main(["doctor"]) == code
    assert "A fast one" in capsys.readouterr().out


def test_unknown_weights_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--weights", "nonsense"]) == EXIT_CANNOT_RUN
    assert "nonsense" in capsys.readouterr().err
