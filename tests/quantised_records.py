"""Records of a quantised network for tests: every figure is made up, and a block has a hostile name."""

from tests.saved_records import record
from workbench.detections import Agreement, ApChange
from workbench.record import BlockRow, Judged, Quantising, Record, Trial
from workbench.repair.answer import answer_of
from workbench.timing import Ratio

BAD_NAME = "[red]conv\x1b[31m\nstem"


def agreed(ratio: float) -> Agreement:
    return Agreement(
        baseline="float32",
        frames=3,
        matched=9,
        lost=0,
        new=0,
        class_flips=0,
        score_drift=0.0,
        mean_iou=1.0,
        ratio=ratio,
        broken=False,
    )


FLOAT = Judged(role="float", name="float32", model_bytes=4_000_000, agreement=agreed(1.0), ap=0.5)
PLAIN = Judged(
    role="plain",
    name="int8",
    model_bytes=1_000_000,
    agreement=agreed(0.7),
    ap=0.42,
    ap_change=ApChange(change=-0.08, images=50),
    speed=Ratio(median=1.9, low=1.8, high=2.0),
)
REPAIRED = PLAIN.model_copy(
    update={"role": "repaired", "name": "int8 repaired", "agreement": agreed(0.97), "ap_change": ApChange(change=-0.003, images=50)}
)
OTHER = REPAIRED.model_copy(update={"role": "other", "name": "weight-int8", "ap_change": ApChange(change=0.0001, images=50)})


def quantising(*judged: Judged, apart: bool = True) -> Quantising:
    rows = (
        BlockRow(
            name=BAD_NAME,
            kind="CONV_2D",
            position=0,
            score_error=0.2,
            box_error=0.1,
            snr_db=12.3,
            reason="one scale",
            in_float=True,
        ),
        BlockRow(name="head", kind="CONV_2D", position=1, score_error=0.001, box_error=0.0),
    )
    return Quantising(
        limit=0.01,
        guided_by=10,
        judged_by=20,
        apart=apart,
        tried=(Trial(changes=("precision int8",), blocks_in_float=0, loss=0.08, score_drift=-0.01),),
        blocks=rows,
        judged=judged,
        answer=answer_of(judged, len(judged) - 1, in_float=1, blocks=2, limit=0.01, kept=True),
    )


def quantised(*judged: Judged, apart: bool = True) -> list[Record]:
    return [record(name="float32"), record(name="int8", quantising=quantising(*judged, apart=apart))]
