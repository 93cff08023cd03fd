// The workbench in a notebook or a page. Python owns what is measured and set, and sends it as traits; what only concerns looking
// (open tab, wipe, hidden classes) is in `own`, one for all views of a model. Text from Python becomes text, never markup.

import { settingsGroup } from "./controls.js";
import { SETTLE_MS, button, h, inkOn, list, set } from "./elements.js";
import { figures, headline, historyLine, noise, stageBars } from "./figures.js";
import { finder } from "./find.js";
import { headLine, jobStrip, notice, sendFiles } from "./head.js";
import { copyText, outputs } from "./outputs.js";
import { legend, picture, transport, viewLine } from "./picture.js";
import { keyList } from "./keys.js";
import { tabs } from "./tabs.js";

const NO_PANEL = {
  detector: { value: null, choices: [] }, media: { value: null, choices: [] }, presets: [], preset: null, judged_by: "AP", groups: [],
};
const NO_STATUS = {
  ready: false, playing: false, pace: "clip", position: 0, frames: null, name: "",
  headline: {}, figures: [], noise: { verdict: "unknown", reasons: [] }, now: null, pinned: null, history: { seconds: [], ms: [], pinned_ms: null }, counts: null,
};

const SILENT_MS = 20_000; // converting a model can keep Python from everything else for seconds
const LOST = {
  what: "the kernel does not answer", still: true,
  reason: "The kernel of this workbench does not answer any more: it ended or was restarted. Run its cell again, or load the page again; what was measured is in the history",
};

/** What the browser alone knows; whoever shows it listens. */
function ownState() {
  const state = { truth: false, wipe: false, side: false, wipeAt: 0.5, hidden: new Set(), tab: "measured", links: {}, copied: null, asked: null };
  const listeners = new Set();
  return {
    state,
    put(changes) { Object.assign(state, changes); for (const tell of listeners) tell(changes); },
    listen(tell) { listeners.add(tell); return () => listeners.delete(tell); },
  };
}

/** Follow the theme of what is around by the colour that it paints with; where there is none, the system's preference holds. */
function followTheme(root, signal) {
  const context = h("canvas").getContext("2d");
  const apply = () => {
    const colour = getComputedStyle(root).getPropertyValue("--jp-layout-color1").trim();
    context.fillStyle = colour || "#fff";
    const isDark = inkOn(context.fillStyle) === "#fff";
    set(root, "data-theme", colour ? (isDark ? "dark" : "light") : null);
  };
  const observer = new MutationObserver(apply);
  observer.observe(document.body, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  return apply;
}

const NOTEBOOK = ".jp-WindowedPanel-outer, .jp-NotebookPanel-notebook"; // what scrolls in JupyterLab
const AROUND_PX = 24; // that a page or a cell leaves above and below

/** Follow how much of what scrolls can be seen at once: what belongs together is made to fit into it. */
function followRoom(root, signal) {
  const apply = () => root.style.setProperty("--room", `${(root.closest(NOTEBOOK)?.clientHeight || innerHeight) - AROUND_PX}px`);
  addEventListener("resize", apply, { signal });
  return apply;
}

/** Look around once the widget is on the page, and again when its own size changes: before, it has no surroundings. */
function lookAround(root, signal) {
  const looks = [followTheme(root, signal), followRoom(root, signal)];
  const observer = new ResizeObserver(() => { for (const look of looks) look(); });
  observer.observe(root);
  signal.addEventListener("abort", () => observer.disconnect());
}

/** What the parts share: sending, coalescing, and what to undo at the end. */
function makeDesk(model, own) {
  const ending = new AbortController();
  const { signal } = ending;
  const later = new Map();
  let request = 0;
  const run = () => { request = 0; const jobs = [...later.values()]; later.clear(); for (const job of jobs) job(); };
  const soon = (key, job) => { later.set(key, job); request ||= requestAnimationFrame(run); };
  signal.addEventListener("abort", () => cancelAnimationFrame(request));
  return {
    own, signal, soon,
    send: (type, content = {}, buffers = []) => model.send({ type, ...content }, undefined, buffers),
    nextPaint: (job) => soon(Symbol("once"), job),
    atEnd: (undo) => signal.addEventListener("abort", undo, { once: true }),
    ended: () => signal.aborted,
    end: () => ending.abort(),
  };
}

const USE_ARROWS = "input, select, textarea, [role=tab]";
const USE_LETTERS = "input:not([type=range], [type=checkbox]), select, textarea";
const USERS_OF_KEYS = { " ": "button, input, select, textarea, summary, a", ArrowLeft: USE_ARROWS, ArrowRight: USE_ARROWS };

function followKeys(root, desk) {
  const actions = {
    " ": () => desk.playOrPause(), ArrowLeft: () => desk.step(-1), ArrowRight: () => desk.step(1), n: () => desk.send("next-wrong"),
    "+": () => desk.lookCloser(1), "=": () => desk.lookCloser(1), "-": () => desk.lookCloser(-1), 0: () => desk.lookCloser(-99),
    "?": () => desk.showKeys(),
  };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation(); // a notebook would take it for a command
    if (!(event.key in actions) || event.target.closest(USERS_OF_KEYS[event.key] ?? USE_LETTERS)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

/** Open files that are dropped on the workbench. */
function followDrops(root, desk) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    root.toggleAttribute("data-dropping", event.type === "dragover");
    if (event.type === "drop") sendFiles(event.dataTransfer.files, desk);
  };
  for (const type of ["dragover", "drop"]) root.addEventListener(type, over);
  root.addEventListener("dragleave", (event) => { if (!root.contains(event.relatedTarget)) root.removeAttribute("data-dropping"); });
}

function settingsPanel(desk) {
  const message = notice(["settings"], desk);
  const groups = h("div", { class: "groups", "data-role": "settings-groups" });
  const measureMessage = notice(["measure"], desk);
  const out = outputs(desk);
  const update = list(groups, ({ title }) => title, (group) => settingsGroup(group, desk));
  const find = finder(desk);
  const actions = h("div", { class: "actions" }, find.element,
    button("measure", () => desk.send("measure"), { class: "strong" }, "Measure"),
    button("report", () => desk.send("report"), {}, "Report"),
    button("export", () => desk.send("export"), { "data-help": "Write a folder that runs this setting without the workbench" }, "Export"),
    button("copy-code", () => desk.send("copy", { what: "code" }), {}, "Copy code"),
    button("copy-command", () => desk.send("copy", { what: "command" }), {}, "Copy command"));
  let held = null;
  let ready = false;
  const enable = () => {
    for (const role of ["measure", "export"]) {
      const one = actions.querySelector(`[data-role=${role}]`);
      one.disabled = Boolean(held) || !ready;
      set(one, "title", held ?? one.dataset.help);
    }
    find.enable(Boolean(held) || !ready, held);
  };
  const element = h("div", { class: "settings", role: "group", "aria-label": "Settings" },
    message.element, groups, h("div", { class: "below" }, h("div", { class: "over" }, measureMessage.element, out.element), actions));
  return {
    element, outputs: out,
    update(panel) { update(panel.groups); find.update(panel); },
    tell(now) { message.update(now); measureMessage.update(now); },
    ready(isReady) { ready = isReady; enable(); },
    held: groups,
    hold(reason) { held = reason; out.hold(reason); message.whisper(held ? `Not now: ${held}.` : ""); enable(); },
  };
}

/** Tell landmarks apart: a page may show several workbenches. */
function nameOfNext() {
  const others = document.querySelectorAll("[data-role=workbench]").length;
  return others ? `Workbench ${others + 1}` : "Workbench";
}

function render({ model, el, signal }, own) {
  const desk = makeDesk(model, own);
  const traits = {
    panel: () => ({ ...NO_PANEL, ...model.get("panel") }),
    status: () => ({ ...NO_STATUS, ...model.get("status") }),
    look: () => ({ labels: model.get("labels") ?? [], colours: model.get("class_colours") ?? [] }),
  };
  let refusal = null;
  let settling = 0;
  let lost = false;
  let heardAt = performance.now();

  Object.assign(desk, {
    playOrPause: () => desk.send(traits.status().playing ? "pause" : "play"),
    step: (by) => desk.send("step", { by }),
    standStill: () => { if (traits.status().playing) desk.send("pause"); },
    lookCloser: (steps) => stage.lookCloser(steps),
    showKeys: () => keys.open(),
    isOpen: (tab) => own.state.tab === tab,
    change(name, value) {
      desk.soon(`set ${name}`, () => desk.send("set", { name, value }));
      desk.settle();
    },
    /** Show the settings as Python has them, also those it refused to change: then no trait changes. */
    settle() {
      clearTimeout(settling);
      settling = setTimeout(showPanel, SETTLE_MS + 50);
    },
    dismiss() { if (refusal) desk.refuse(null); else desk.send("dismiss"); },
    refuse(text) { refusal = text && { kind: "error", place: "media", text }; showMessage(); },
    frameShown(frame) {
      line.at(frame.position);
      count.truth(frame.overlay.truth);
      view.update(traits.status(), traits.look(), frame);
      showNote(frame.problem);
    },
  });

  const head = headLine(desk);
  const job = jobStrip(desk);
  const message = notice(["panel", "media"], desk);
  const settings = settingsPanel(desk);
  const stage = picture(desk);
  const count = legend(desk);
  const line = transport(desk);
  const view = viewLine(desk);
  const big = headline();
  const grid = figures();
  const lamp = noise();
  const bars = stageBars(desk);
  const past = historyLine();
  const results = tabs(desk);
  const keys = keyList();

  const root = h("div", { class: "workbench", "data-role": "workbench", role: "region", "aria-label": nameOfNext(), "data-lm-suppress-shortcuts": "true", tabindex: "-1" },
    button("skip", () => stage.element.focus(), { class: "skip" }, "Skip to the picture"),
    h("div", { class: "sheet" }, head.element,
      h("div", { class: "strip" }, job.element, message.element),
      settings.element,
      h("div", { class: "bench" },
        h("div", { class: "main" }, stage.element, h("div", { class: "play-lines" }, line.element, view.element), bars.element, results.element),
        h("div", { class: "side" }, count.element, big.element, grid.element, lamp.element, past.element))), keys.element);

  const heldNow = () => (lost ? LOST : model.get("held") ?? null);
  /** A kernel that ended or was restarted looks like one that waits: Python's beat comes every two seconds, whatever else it does. */
  const listening = setInterval(() => {
    if (document.hidden) heardAt = performance.now(); // a hidden page's own clock is slow
    const silent = performance.now() - heardAt > SILENT_MS;
    if (silent === lost) return;
    lost = silent;
    for (const show of [showHeld, showMessage, showJob]) show();
  }, 1000);
  desk.atEnd(() => clearInterval(listening));

  function showPanel() {
    head.update(traits.panel());
    settings.update(traits.panel());
  }

  function showStatus() {
    const status = traits.status();
    if (!stage.shown) line.at(status.position);
    stage.pinned(status.pinned?.name ?? null);
    for (const part of [count, line, big]) part.update(status);
    grid.update(status.figures);
    lamp.update(status.noise);
    past.update(status.history);
    bars.update(status, model.get("stage_order") ?? [], model.get("stage_colours") ?? {});
    view.update(status, traits.look(), stage.shown);
    settings.ready(status.ready);
    showNote();
  }

  function showNote(problem = "") {
    const begun = model.get("job") ? `${model.get("job").what} …` : "Starting the first pipeline …";
    const waiting = model.get("message")?.kind === "error" ? "No picture yet." : begun;
    const held = heldNow();
    stage.say(problem || (stage.shown ? (held?.still ? `Standing still: ${held.what}.` : "") : waiting));
  }

  function showMessage() {
    const now = lost ? { kind: "error", place: "panel", text: LOST.reason } : refusal ?? model.get("message");
    message.update(now);
    settings.tell(now);
    showNote();
  }

  function showLook() {
    stage.look(traits.look());
    view.update(traits.status(), traits.look(), stage.shown);
  }

  function showOwn() {
    results.open();
    showWrong();
    settings.outputs.update(own.state, model.get("tuned") ?? null);
    view.update(traits.status(), traits.look(), stage.shown);
    desk.soon("draw", stage.draw);
  }

  const tabItems = { advice: "advice", log: "log_lines" };
  const whole = { sweep: "search", explained: "explained", inside: "inside" };
  const showTab = (key) => () => results.update({ [key]: key in whole ? [model.get(whole[key])] : model.get(tabItems[key]) ?? [] });
  const showWrong = () => results.update({
    accuracy: [{ frames: model.get("wrong") ?? [], labels: model.get("labels") ?? [], media: traits.panel().media.value }],
  });
  const showMeasured = () => results.update({ measured: [{ records: model.get("records") ?? [], plot: { points: [], frontier: [], ...model.get("plot") } }] });
  const showJob = () => { job.update(lost ? null : model.get("job") ?? null); showNote(); };
  /** While something is measured, what would disturb it is off, and why stands where the settings' help does. */
  const showHeld = () => {
    const held = heldNow();
    for (const part of [settings.element, results.element]) set(part, "inert", lost ? "" : null);
    for (const part of [head.element, settings.held]) set(part, "inert", held ? "" : null);
    for (const part of [line.element, ...count.pinning]) set(part, "inert", held?.still ? "" : null);
    settings.hold(lost ? null : held?.reason ?? null);
    results.hold(held?.reason ?? null);
    showNote();
  };

  const shows = {
    "change:panel": showPanel, "change:status": showStatus, "change:job": showJob, "change:held": showHeld,
    "change:beat": () => { heardAt = performance.now(); },
    "change:message": () => { refusal = null; showMessage(); showPanel(); },
    "change:records": showMeasured, "change:plot": showMeasured, "change:advice": showTab("advice"), "change:search": showTab("sweep"), "change:explained": showTab("explained"), "change:inside": showTab("inside"), "change:log_lines": showTab("log"),
    "change:wrong": showWrong, "change:tuned": () => settings.outputs.update(own.state, model.get("tuned") ?? null),
    "change:labels": showLook, "change:class_colours": showLook,
    "change:stage_colours": showStatus, "change:stage_order": showStatus,
    "msg:custom": (content, buffers) => {
      if (content.type === "frame") stage.frame(content, buffers[0]);
      if (content.type === "boxes") stage.boxes(content);
      if (content.type === "thumbnails") results.thumbnails(content.positions, buffers);
    },
  };
  for (const [name, show] of Object.entries(shows)) model.on(name, show);

  const end = () => {
    if (desk.ended()) return;
    for (const [name, show] of Object.entries(shows)) model.off(name, show);
    clearTimeout(settling);
    forget();
    desk.end();
    desk.send("bye");
    root.remove();
  };
  const forget = own.listen(showOwn);
  signal?.addEventListener("abort", end, { once: true });

  el.append(root);
  lookAround(root, desk.signal);
  followKeys(root, desk);
  followDrops(root, desk);
  for (const show of [showPanel, showStatus, showJob, showHeld, showMessage, showMeasured, ...["explained", "inside", "advice", "sweep", "log"].map(showTab), showWrong, showLook]) show();
  showOwn();
  desk.send("hello");
  return end;
}

/** anywidget calls this once for a model: its views share `own`. */
export default () => {
  const own = ownState();
  return {
    initialize({ model, signal }) {
      const receive = async (content, buffers) => {
        if (content.type === "copied") own.put({ copied: { text: content.text, done: await copyText(content.text) } });
        if (content.type === "link") {
          const { role, name, mime, path } = content;
          own.put({ links: { ...own.state.links, [role]: { name, mime, path, blob: new Blob([buffers[0]], { type: mime }) } } });
        }
        if (content.type === "ask") own.put({ asked: content.path });
      };
      model.on("msg:custom", receive);
      const end = () => model.off("msg:custom", receive);
      signal?.addEventListener("abort", end, { once: true });
      return end;
    },
    render: (given) => render(given, own),
  };
};
