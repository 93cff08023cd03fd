"""A sweep's worker process that knows what was added: `python -m tests.added.child JOB.json`."""

import sys
from pathlib import Path

from tests.added import engine, nms, output_kind
from workbench.catalogue import ENGINES, NMS_METHODS
from workbench.detectors.output_kinds import OUTPUT_KINDS
from workbench.sweep.child import main

if __name__ == "__main__":
    ENGINES[engine.ROW.name] = engine.ROW
    NMS_METHODS[nms.ROW.name] = nms.ROW
    OUTPUT_KINDS[output_kind.NAME] = output_kind.ROW
    main(Path(sys.argv[1]))
