"""Two records side by side, and when one is worse than the other: what noise may explain is not called a difference."""

import numpy as np
import pytest

from tests.record.test_weight import WEIGHT
from tests.saved_records import record
from workbench.choosing import Tolerance, check, compare_records
from workbench.choosing.speeds import compare_times, ratio_of_medians
from workbench.errors import MachinesDifferError, RecordError, SettingsError
from workbench.machine import NoiseCertificate, with_pace
from workbench.record import FrameDetections, Problem


def times(ms, seed=0, frames=150, spread=0.03):
    return tuple((ms / 1000 * np.random.default_rng(seed).lognormal(0, spread, frames)).tolist())


def boxes(count, moved=0.0):
    rows = tuple((10.0 * n + moved, 0.0, 10.0 * n + 9 + moved, 9.0) for n in range(count))
    return tuple(FrameDetections(frame=str(f), boxes_xyxy_px=rows, scores=(0.9,) * count, class_ids=(0,) * count) for f in range(3))


def run(ms=10.0, seed=0, **changes):
    return record(seconds=times(ms, seed), ap=changes.pop("ap", 0.5), detections=changes.pop("detections", boxes(20)), **changes)


def test_the_ratio_is_as_time_over_bs_and_its_interval_surrounds_it():
    ratio = ratio_of_medians(np.array(times(20.0, 1)), np.array(times(10.0, 2)))

    assert ratio.median == pytest.approx(2.0, rel=0.02)
    assert ratio.low < ratio.median < ratio.high
    assert ratio.high / ratio.low < 1.05


def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says():
    held = 0
    for seed in range(40):
        ratio = ratio_of_medians(np.array(times(10.0, seed)), np.array(times(10.0, seed + 1000)))
        held += ratio.low <= 1.0 <= ratio.high

    assert held >= 34


def test_frames_that_are_slow_in_both_make_no_difference():
    """Half of the pictures take twice as long: frame by frame the two records agree."""
    pictures = np.where(np.arange(150) % 50 < 25, 0.010, 0.020)
    a = pictures * np.random.default_rng(1).lognormal(0, 0.005, 150)
    b = pictures * np.random.default_rng(2).lognormal(0, 0.005, 150)

    found = compare_times(record(seconds=a.tolist()), record(seconds=b.tolist()))

    assert found.verdict == "no measurable difference"


@pytest.mark.parametrize(
    ("ms", "noise", "verdict"),
    [
        (10.3, "quiet", "no measurable difference"),
        (10.9, "quiet", "no measurable difference"),
        (12.0, "quiet", "slower"),
        (8.0, "quiet", "faster"),
        (12.0, "unknown", "slower"),
        (15.0, "noisy", "cannot tell"),
        (25.0, "noisy", "slower"),
    ],
)
def test_a_difference_is_claimed_only_beyond_what_sessions_differ_by(ms, noise, verdict):
    found = compare_times(run(10.0, 1), run(ms, 2, noise=noise))

    assert found.verdict == verdict
    assert "different sessions" in found.basis
    assert any("others kept 1.00 of 2 cores busy" in caveat for caveat in found.caveats) == (noise != "quiet")


@pytest.mark.parametrize(("ms", "verdict"), [(11.5, "cannot tell"), (13.5, "slower")])
def test_a_machine_that_changes_its_pace_hides_no_more_than_that(ms, verdict):
    noise = with_pace(NoiseCertificate(verdict="quiet", reasons=()), [0.01] * 100 + [0.0125] * 100)
    later = run(ms, 2).model_copy(update={"noise": noise})

    found = compare_times(run(10.0, 1), later)

    assert noise.pace_change == 0.25
    assert found.verdict == verdict
    assert any("changed its pace" in caveat for caveat in found.caveats)


@pytest.mark.parametrize(
    ("ms", "probe_ms", "verdict"),
    [
        (13.0, 1.0, "slower"),
        (13.0, 1.4, "cannot tell"),  # the machine was slower by more than that
        (16.0, 1.4, "slower"),
        (13.0, 0.7, "slower"),  # although the machine was faster
        (8.0, 0.7, "cannot tell"),
        (8.0, 1.4, "faster"),
        (13.0, None, "slower"),
    ],
)
def test_what_the_machine_itself_was_slower_is_no_difference(ms, probe_ms, verdict):
    def probed(record, probe_ms):
        return record.model_copy(update={"noise": record.noise.model_copy(update={"probe_ms": probe_ms})})

    found = compare_times(probed(run(10.0, 1), 1.0), probed(run(ms, 2), probe_ms))

    assert found.verdict == verdict
    told = [caveat for caveat in found.caveats if "the machine itself was" in caveat]
    assert [f"{probe_ms:.2f} ms, 1.00 ms before" in caveat for caveat in told] == [True] * (probe_ms not in {1.0, None})


def test_too_few_frames_give_no_ratio():
    found = compare_times(record(seconds=times(10, frames=19)), record(seconds=times(10, frames=500)))

    assert (found.ratio, found.verdict) == (None, None)
    assert found.notes == ("19 frames are too few to compare times; time 20 or more",)


@pytest.mark.parametrize(
    ("ms", "noise", "judged"),
    [(10.0, "quiet", "takes "), (15.0, "noisy", "cannot tell whether it is slower: it takes "), (12.0, "quiet", None)],
    ids=["as fast", "noisy", "slower"],
)
def test_what_cannot_be_told_is_neither_worse_nor_as_good_as_it_was(ms, noise, judged):
    found = check(run(10.0, 1), run(ms, 2, noise=noise))

    times_in = [name for name in ("worse", "judged", "notes") if any("times as long" in words for words in getattr(found, name))]
    assert times_in == [{"quiet": "judged" if judged else "worse", "noisy": "notes"}[noise]]
    assert judged is None or any(words.startswith(judged) for words in (*found.judged, *found.notes))


def test_composed_times_are_said_to_be_composed():
    found = compare_times(run(10.0, 1, composed=True), run(10.8, 2), 1.05)

    assert found.verdict == "cannot tell"
    assert "put together from stages" in found.caveats[-1]


def test_two_records_side_by_side():
    a = run(20.0, 1, ap=0.60, name="a")
    b = run(10.0, 2, ap=0.58, name="b", detections=boxes(19), **{"nms.iou": 0.6})

    found = compare_records(a, b)

    assert found.changes == ("nms.iou: 0.5 -> 0.6",)
    assert found.speeds.verdict == "faster"
    assert found.ap_change == pytest.approx(-0.02)
    assert (found.agreement.lost, found.agreement.new, found.agreement.frames) == (3, 0, 3)
    assert found.notes == ()


def test_agreement_is_of_the_frames_that_both_kept():
    found = compare_records(run(), run(detections=boxes(20)[1:]))

    assert (found.agreement.frames, found.agreement.matched, found.agreement.ratio) == (2, 40, 1.0)
    assert compare_records(run(), run(detections=())).agreement is None


@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        ({"machine": "elsewhere"}, MachinesDifferError, "two machines"),
        ({"media": "other"}, RecordError, "choose records of the same frames"),
        ({"problem": Problem(kind="ModelError", message="no such file")}, RecordError, "did not run \\(no such file\\)"),
    ],
    ids=["another machine", "other frames", "did not run"],
)
def test_what_cannot_be_compared_is_refused(other, error, words):
    with pytest.raises(error, match=words):
        compare_records(run(), run(**other))


def test_other_frames_of_one_name_are_said_to_be_others():
    other = run()
    other = other.model_copy(update={"media": other.media.model_copy(update={"sha256": "0" * 64})})
    with pytest.raises(RecordError, match="xla was measured on clip, xla on other frames of that name; choose records of the same"):
        compare_records(run(), other)


def test_records_of_two_machines_are_compared_without_their_times():
    found = compare_records(run(), run(30.0, machine="elsewhere"), different_machines=True)

    assert found.speeds is None
    assert found.ap_change == 0.0
    assert "tell nothing about the settings" in found.notes[0]


def test_what_else_changed_is_noted():
    a, b = run(), run()
    newer = b.environment.model_copy(update={"versions": {"tensorflow": "2.22.0"}})
    trained = b.detector.model_copy(update={"sha256": "trained again"})

    found = compare_records(a, b.model_copy(update={"environment": newer, "detector": trained}))

    assert "model's file differs" in found.notes[0]
    assert found.notes[1] == "tensorflow: absent -> 2.22.0"


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        ({}, ()),
        ({"ms": 10.3}, ()),
        ({"ms": 5.0}, ()),
        ({"ms": 11.5}, ("takes 1.15 times as long",)),
        ({"ms": 11.5, "noise": "noisy"}, ()),
        ({"ap": 0.496}, ()),
        ({"ap": 0.494}, ("AP 0.500 -> 0.494",)),
        ({"ap": 0.6}, ()),
        ({"detections": boxes(18)}, ("agreement 0.947, 6 boxes lost",)),
        ({"ms": 20.0, "ap": 0.1}, ("takes 2.0", "AP 0.500 -> 0.100")),
        ({"problem": Problem(kind="ModelError", message="gone")}, ("does not run any more: gone",)),
    ],
    ids=[
        "the same",
        "within noise",
        "faster",
        "slower",
        "slower while others worked",
        "AP within the limit",
        "AP worse",
        "AP better",
        "boxes lost",
        "two things",
        "does not run",
    ],
)
def test_only_what_is_worse_beyond_noise_is_worse(after, worse):
    found = check(run(10.0, 1), run(**({"seed": 2} | after)))

    assert len(found.worse) == len(worse)
    for words, said in zip(worse, found.worse, strict=True):
        assert said.startswith(words)


@pytest.mark.parametrize(
    ("tolerance", "after"),
    [
        ({"max_slower": 0.3}, {"ms": 11.5}),
        ({"max_ap_loss": 0.02}, {"ap": 0.49}),
        ({"max_agreement_loss": 0.1}, {"detections": boxes(18)}),
    ],
    ids=["time", "AP", "agreement"],
)
def test_how_much_worse_is_worse_can_be_said(tolerance, after):
    before, later = run(10.0, 1), run(**({"seed": 2} | after))

    assert check(before, later).worse
    assert not check(before, later, Tolerance(**tolerance)).worse


def test_another_model_file_is_judged_by_its_ap_and_not_by_agreement():
    after = run(seed=2, detections=boxes(19))
    after = after.model_copy(update={"detector": after.detector.model_copy(update={"sha256": "trained again"})})

    found = check(run(seed=1), after)

    assert found.worse == ()
    assert any("not judged, since the model's file is another" in note for note in found.notes)


def test_another_machine_is_refused_or_judged_by_ap_alone():
    elsewhere = run(99.0, machine="elsewhere", ap=0.3)

    with pytest.raises(MachinesDifferError):
        check(run(), elsewhere)
    found = check(run(), elsewhere, different_machines=True)
    assert found.worse == ("AP 0.500 -> 0.300",)
    assert found.speeds is None


@pytest.mark.parametrize("limits", [{"max_slower": -1}, {"max_slower": float("nan")}, {"max_ap_loss": 3}], ids=str)
def test_a_tolerance_that_is_none_is_refused(limits):
    with pytest.raises(SettingsError, match=next(iter(limits))):
        Tolerance(**limits)


def weighing(megabytes):
    size = megabytes * 1_000_000
    return WEIGHT.model_copy(update={"load_bytes": size, "running_bytes": size})


@pytest.mark.parametrize(
    ("before", "after", "growth", "worse", "said"),
    [
        (150, 160, 0.10, False, "memory 150 MB -> 160 MB"),
        (150, 170, 0.10, True, "memory 150 MB -> 170 MB"),
        (150, 170, 0.20, False, "memory 150 MB -> 170 MB"),
        (150, None, 0.10, None, "memory is not judged: the newer record was not weighed"),
    ],
    ids=["a little more", "more", "more, which is allowed", "not weighed again"],
)
def test_memory_is_judged_where_it_was_weighed_before(before, after, growth, worse, said):
    old, new = record(weight=weighing(before)), record(weight=after and weighing(after))

    found = check(old, new, Tolerance(max_memory_growth=growth))
    where = {True: found.worse, False: found.judged, None: found.notes}
    assert said in where[worse]


def test_memory_is_not_spoken_of_where_it_was_never_weighed():
    found = check(record(), record(weight=weighing(150)))

    assert not [words for words in (*found.worse, *found.judged, *found.notes) if "memory" in words]


@pytest.mark.parametrize("ap", [0.4, 0.6], ids=["less", "more"])
def test_ap_of_a_truth_that_was_corrected_is_not_judged(ap):
    found = check(run(truth_key="1"), run(seed=1, ap=ap, truth_key="2"))

    assert not found.worse
    assert not any("AP" in words for words in found.judged)
    assert "AP is not judged: the truth is another" in found.notes
