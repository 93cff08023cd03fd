"""The front end by itself: what Python told it, in a page without a kernel."""

import json
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import BrowserContext, Page

from workbench.detectors import Detector
from workbench.settings import Settings
from workbench.view.javascript import joined
from workbench.view.panel import describe
from workbench.view.widget import WorkbenchView

FRAMES = SimpleNamespace(facts=lambda: SimpleNamespace(size_hw=(720, 1280), source=""))
TITLE = "the front end alone"
# A model as anywidget hands one out, that answers nothing and keeps what it is sent; `change` tells it more, as Python does.
START = """async ([code, traits]) => {
    const listeners = {};
    window.sent = [];
    const model = {
        get: (name) => traits[name], send: (content) => { window.sent.push(content); }, off() {},
        on: (name, listener) => { (listeners[name] ??= []).push(listener); },
    };
    window.change = (values) => {
        Object.assign(traits, values);
        for (const name of Object.keys(values)) for (const listener of listeners[`change:${name}`] ?? []) listener();
    };
    const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const widget = (await import(address)).default();
    widget.initialize({ model });
    widget.render({ model, el: document.querySelector("#widget") });
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def alone(context: BrowserContext, traits: dict[str, Any], around: str = '<div class="workbench-page" id="widget"></div>') -> Page:
    """Show the front end in a page, with what it would know of Python; `window.change` tells it more."""
    page = context.new_page()
    page.set_content(
        f'<!doctype html><html lang="en"><head><title>{TITLE}</title><style>{WorkbenchView._css}</style></head>'
        f'<body style="margin: 12px">{around}</body></html>'
    )
    page.evaluate(START, [joined(), json.loads(json.dumps(traits))])
    return page


def panel(detector: Detector, settings: Settings, *, has_ap: bool = True) -> dict[str, Any]:
    """Describe the panel as it is under some settings, where AP can be computed or not."""
    opened = SimpleNamespace(detector=detector, data=SimpleNamespace(media=FRAMES, has_ap=has_ap))
    session = SimpleNamespace(opened=opened, settings=settings, plays_samples=True, media_names={}, detectors={}, sources=None)
    return describe(session)  # type: ignore[arg-type]


def bar(name: str, ms: float) -> dict[str, Any]:
    return {"name": name, "total_ms": ms, "stages": [{"stage": "decode", "ms": 1.5}, {"stage": "infer", "ms": ms - 1.5}]}
