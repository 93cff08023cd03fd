// The workbench in a notebook or a page. Python owns what is measured and set, and sends it as traits; what only concerns looking
// (open tab, wipe, hidden classes) is in `own`, one for all views of a model. Text from Python becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";
const LARGEST_UPLOAD_BYTES = 256 * 2 ** 20;
const UPLOAD_PART_BYTES = 4 * 2 ** 20; // Jupyter's server closes a connection on messages above 10 MiB
const SETTLE_MS = 1000; // so long after a move Python's answers to earlier positions may still arrive
const TICK_MS = 500;
const ANSWER_EVERY = 4; // pictures: a message to the kernel costs it more than a picture does
const ANSWER_MS = 150; // after a picture that no other follows
const HISTORY_SECONDS = 20;
const LABELS_AT_MOST = 40; // more hide the picture, as in the report
const MISSING = "–";

// Elements -----------------------------------------------------------------------------------------------------------

let made = 0;
const page = Math.random().toString(36).slice(2, 8); // each widget has its own copy of this module, so a count alone is not unique
const uniqueId = () => `workbench-${page}-${++made}`;

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const button = (role, click, attributes = {}, ...children) =>
  h("button", { type: "button", "data-role": role, click, ...attributes }, ...children);
const unseen = (text = "", attributes = {}) => h("span", { class: "unseen", ...attributes }, text);

/** Change an element's text only where it differs: an untouched node keeps a reader's selection. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Bring children into order without moving those that are in place: a moved element loses the focus. */
function arrange(parent, wanted) {
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

/** Return a function that shows items as children; an item with a key that was there before keeps its element. `first` stay before them. */
function list(parent, keyOf, make, first = []) {
  let parts = new Map();
  return (items) => {
    parts = new Map(items.map((item) => [keyOf(item), parts.get(keyOf(item)) ?? make(item)]));
    for (const item of items) parts.get(keyOf(item)).update(item);
    arrange(parent, [...first, ...[...parts.values()].map((part) => part.element)]);
  };
}

const ICONS = {
  start: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  forward: "M5 3v10l7-5z",
  cross: "M4 3l4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4-4-4z",
};

function icon(name) {
  return s("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: ICONS[name], fill: "currentColor" }));
}

// Words --------------------------------------------------------------------------------------------------------------

/** Three digits, as the report writes milliseconds, and never more than two decimals. */
function formatMs(ms) {
  if (!Number.isFinite(ms)) return MISSING;
  const rounded = Math.abs(Number(ms.toPrecision(3)));
  const decimals = rounded >= 1 ? 2 - Math.floor(Math.log10(rounded)) : 2;
  return ms.toFixed(Math.max(0, decimals)).replace("-", "−");
}

const formatFraction = (value, digits = 2) => value.toFixed(digits).replace(/^(-?)0\./, "$1.").replace("-", "−");
const stageWord = (stage) => (stage === "unexplained" ? "?" : stage);

/** Black or white, whichever reads better on a colour (WCAG 2.2). */
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16);
    return part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

// Controls of the settings -------------------------------------------------------------------------------------------

/** Tell whether a slider is being moved, or was so lately that it must not be set from outside. */
function heldWhileMoved(input) {
  let moving = false;
  let until = 0;
  input.addEventListener("pointerdown", () => { moving = true; });
  input.addEventListener("input", () => { until = performance.now() + SETTLE_MS; });
  for (const name of ["pointerup", "pointercancel", "change", "blur"]) input.addEventListener(name, () => { moving = false; });
  return () => moving || performance.now() < until;
}

function labelled(id) {
  return h("label", { for: id, class: "name" });
}

function slider(id, described, choose) {
  const input = h("input", { type: "range", id, "aria-describedby": described });
  const value = h("output", { for: id, class: "value" });
  const held = heldWhileMoved(input);
  let control;
  const current = () => (control.stops ? control.stops[input.valueAsNumber] : input.valueAsNumber);
  const show = () => {
    const text = control.digits ? formatFraction(current(), control.digits) : String(current());
    write(value, text);
    set(input, "aria-valuetext", text);
  };
  input.addEventListener("input", () => { show(); choose(current()); });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input, value),
    update(now) {
      control = now;
      const { stops } = now;
      set(input, "min", stops ? 0 : now.min);
      set(input, "max", stops ? stops.length - 1 : now.max);
      set(input, "step", stops ? 1 : now.step);
      input.disabled = Boolean(now.reason);
      if (held()) return;
      input.valueAsNumber = stops ? Math.max(0, stops.indexOf(now.value)) : now.value;
      show();
    },
  };
}

function number(id, described, choose) {
  const input = h("input", { type: "number", id, "aria-describedby": described });
  let control;
  let edited = false;
  input.addEventListener("input", () => { edited = true; });
  input.addEventListener("change", () => {
    edited = false;
    if (Number.isFinite(input.valueAsNumber)) {
      input.valueAsNumber = Math.min(control.max ?? Infinity, Math.max(control.min ?? -Infinity, input.valueAsNumber));
      choose(input.valueAsNumber);
    } else input.value = control.value;
  });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input),
    update(now) {
      control = now;
      for (const name of ["min", "max", "step"]) set(input, name, now[name]);
      input.disabled = Boolean(now.reason);
      if (!edited && input.value !== String(now.value)) input.value = now.value;
    },
  };
}

function toggle(id, described, choose) {
  const input = h("input", { type: "checkbox", role: "switch", id, "aria-describedby": described });
  const word = h("span", { class: "value", "aria-hidden": "true" });
  const show = () => write(word, input.checked ? "on" : "off");
  input.addEventListener("change", () => { show(); choose(input.checked); });
  return {
    label: labelled(id), field: h("div", { class: "field" }, input, word),
    update(now) {
      input.checked = Boolean(now.value);
      input.disabled = Boolean(now.reason);
      show();
    },
  };
}

function select(id, described, choose) {
  const input = h("select", { id, "aria-describedby": described });
  let choices = [];
  let built = "";
  input.addEventListener("change", () => choose(choices[input.selectedIndex].value));
  return {
    label: labelled(id), field: h("div", { class: "field" }, input),
    update(now) {
      choices = now.choices ?? [];
      const wanted = JSON.stringify(choices);
      if (wanted !== built) {
        input.replaceChildren(...choices.map(({ label, reason }) =>
          h("option", { disabled: Boolean(reason) }, reason ? `${label} (${reason})` : label)));
        built = wanted;
      }
      input.disabled = Boolean(now.reason) || !choices.length;
      input.selectedIndex = choices.findIndex(({ value }) => value === now.value);
    },
  };
}

function choice(id, described, choose) {
  const label = h("span", { class: "name", id });
  const field = h("div", { class: "field segments", role: "radiogroup", "aria-labelledby": id, "aria-describedby": described });
  const group = uniqueId();
  const show = list(field, ({ value }) => JSON.stringify(value), ({ value }) => {
    const input = h("input", { type: "radio", name: group, change: () => choose(value) });
    const word = h("span");
    return {
      element: h("label", { "data-value": value }, input, word),
      update({ label: text, checked, disabled }) {
        write(word, text);
        input.checked = checked;
        input.disabled = disabled;
      },
    };
  });
  return {
    label, field,
    update(now) {
      show(now.choices.map((one) => ({ ...one, checked: one.value === now.value, disabled: Boolean(one.reason ?? now.reason) })));
    },
  };
}

const KINDS = { slider, number, toggle, select, choice };

/** Say why a control, or some of its choices, cannot be taken; choices with the same reason share it. */
function reasonWords({ reason, choices }) {
  if (reason) return reason;
  const byReason = Map.groupBy((choices ?? []).filter((one) => one.reason), (one) => one.reason);
  return [...byReason].map(([why, those]) => `${those.map(({ label }) => label).join(", ")}: ${why}`).join("; ");
}

function settingsControl({ name, kind }, desk) {
  const id = uniqueId();
  const reason = h("p", { class: "reason", id: `${id}-reason` });
  const help = unseen("", { id: `${id}-help` });
  const part = KINDS[kind](id, `${id}-help ${id}-reason`, (value) => desk.change(name, value));
  const element = h("div", { class: `control is-${kind}`, "data-name": name, "data-kind": kind }, part.label, part.field, reason, help);
  return {
    element,
    update(now) {
      write(part.label, now.label);
      write(help, now.help ?? "");
      write(reason, reasonWords(now));
      set(reason, "title", kind === "select" ? reasonWords(now) : null);
      set(element, "title", now.help);
      element.classList.toggle("is-off", Boolean(now.reason));
      part.update(now);
    },
  };
}

function settingsGroup({ title }, desk) {
  const id = uniqueId();
  const controls = h("div", { class: "controls" });
  const show = list(controls, ({ name, kind }) => `${name} ${kind}`, (control) => settingsControl(control, desk));
  return {
    element: h("section", { class: "group", "aria-labelledby": id }, h("h3", { id }, title), controls),
    update: (group) => show(group.controls),
  };
}

// Messages and the running job ---------------------------------------------------------------------------------------

/** A place where a message can stand, with something quieter in it while there is none. */
function notice(places, desk, quiet = "") {
  const text = h("span", { class: "words", tabindex: "-1" });
  const dismiss = button("dismiss", () => desk.dismiss(), { class: "icon", "aria-label": "Dismiss this message" }, icon("cross"));
  const element = h("div", { class: "notice", "data-role": places.includes("panel") ? "message" : `message-${places[0]}` }, text, dismiss);
  let message = null;
  const show = () => {
    const kind = message?.kind ?? "quiet";
    element.dataset.kind = kind;
    set(element, "role", { error: "alert", note: "status", quiet: null }[kind]);
    dismiss.hidden = !message;
    write(text, message?.text ?? quiet);
  };
  show();
  return {
    element,
    update(now) { message = now && places.includes(now.place) ? now : null; show(); },
    whisper(words) { quiet = words; show(); },
  };
}

function jobStrip(desk) {
  const what = h("span", { class: "what", role: "status" });
  const seconds = h("span", { class: "seconds" });
  const bar = h("progress", { "aria-label": "Progress" });
  const count = h("span", { class: "count" });
  const cancel = button("cancel", () => desk.send("cancel"), { class: "small" }, "Cancel");
  const element = h("div", { class: "job", "data-role": "job" }, what, seconds, cancel, h("div", { class: "advance" }, bar, count));
  let began = 0;
  const tick = () => write(seconds, began ? `${Math.floor((performance.now() - began) / 1000)} s` : "");
  const timer = setInterval(tick, TICK_MS);
  desk.atEnd(() => clearInterval(timer));
  return {
    element,
    update(job) {
      element.classList.toggle("is-idle", !job);
      began = job ? performance.now() - job.seconds * 1000 : 0;
      write(what, job?.what ?? "No job is running.");
      tick();
      for (const part of [bar, count]) part.hidden = !job;
      cancel.hidden = !job?.can_cancel;
      const known = job?.total > 0;
      set(bar, "max", known ? job.total : 1);
      set(bar, "value", known ? job.done ?? 0 : null);
      write(count, known ? `${job.done ?? 0} of ${job.total}` : "");
    },
  };
}

// Head line ----------------------------------------------------------------------------------------------------------

function chooser(name, desk) {
  const id = uniqueId();
  const part = select(id, "", (value) => { desk.send(name, { value }); desk.settle(); });
  part.label.textContent = name;
  part.label.className = "unseen";
  part.field.firstChild.dataset.role = name;
  return { element: h("div", { class: "chooser" }, part.label, part.field), update: part.update };
}

function uploader(desk) {
  const input = h("input", {
    type: "file", accept: "image/*,video/*", class: "unseen", tabindex: "-1", "aria-label": "File to upload", "data-role": "upload-input",
  });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    if (file.size > LARGEST_UPLOAD_BYTES) {
      const size = `${Math.round(file.size / 2 ** 20)} MiB`;
      desk.refuse(`${file.name} has ${size}; the browser sends at most 256 MiB. Open larger files by their path, in Python.`);
    } else {
      const parts = Math.max(1, Math.ceil(file.size / UPLOAD_PART_BYTES));
      for (let part = 0; part < parts; part += 1) {
        const bytes = await file.slice(part * UPLOAD_PART_BYTES, (part + 1) * UPLOAD_PART_BYTES).arrayBuffer();
        desk.send("upload", { name: file.name, part, parts }, [bytes]);
      }
    }
    input.value = "";
  });
  return [button("upload", () => input.click(), {}, "Upload"), input];
}

function presetButton({ name }, desk) {
  const element = button("preset", () => desk.send("preset", { name }), { "data-preset": name }, name);
  return {
    element,
    update({ help, reason, pressed }) {
      element.disabled = Boolean(reason);
      set(element, "title", reason ?? help);
      set(element, "aria-pressed", String(pressed));
    },
  };
}

function headLine(desk) {
  const detector = chooser("detector", desk);
  const media = chooser("media", desk);
  const camera = button("camera", () => desk.send("camera"), {}, "Camera");
  const presets = h("div", { class: "segments", role: "group", "aria-label": "Presets", "data-role": "presets" });
  const showPresets = list(presets, ({ name }) => name, (preset) => presetButton(preset, desk));
  const reset = button("reset", () => desk.send("reset"), { title: "Back to the detector’s own settings" }, "Reset");
  const reasons = h("p", { class: "reason", "data-role": "head-reasons" });
  const element = h("header", { class: "head" },
    h("div", { class: "sources" },
      h("i", { class: "brand-mark", "aria-hidden": "true" }), detector.element, media.element, ...uploader(desk), camera),
    h("div", { class: "preset-line" }, h("span", { class: "name" }, "preset"), presets, reset),
    reasons);
  return {
    element,
    update(panel) {
      detector.update(panel.detector);
      media.update(panel.media);
      camera.disabled = Boolean(panel.media.camera.reason);
      showPresets(panel.presets.map((preset) => ({ ...preset, pressed: preset.name === panel.preset })));
      const presetChoices = panel.presets.map(({ name, reason }) => ({ label: name, reason }));
      write(reasons, reasonWords({ choices: [{ label: "camera", reason: panel.media.camera.reason }, ...presetChoices] }));
    },
  };
}

// The picture --------------------------------------------------------------------------------------------------------

const DASHES = { lost: [9, 5], new: [1, 5] };
const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif";
const FONT = `600 12px ${FAMILY}`;
const SMALL_PANE_PX = 560; // in a narrower pane twelve pixels hide too much of the picture
const LABEL_HEIGHT = 15;
const PANE_GAP = 6;
const LARGEST_RATIO = 2; // device pixels beyond it cost time and show nothing

/** The largest area of that shape inside another one, in its middle. */
function fitted(width, height, area) {
  const scale = Math.min(area.width / width, area.height / height);
  const size = { width: width * scale, height: height * scale };
  return { x: area.x + (area.width - size.width) / 2, y: area.y + (area.height - size.height) / 2, ...size };
}

function strokeBox(context, { x, y, width, height }, kind, colour) {
  const line = (lineWidth, strokeStyle) => { Object.assign(context, { lineWidth, strokeStyle }); context.strokeRect(x, y, width, height); };
  context.save();
  if (kind === "truth") {
    line(4, "#fff");
    line(1.6, "#000");
  } else {
    context.setLineDash(DASHES[kind] ?? []);
    context.lineCap = kind === "new" ? "round" : "butt";
    line(4.5, "rgba(0, 0, 0, 0.55)");
    line(kind === "new" ? 3 : 2.5, colour);
  }
  context.restore();
}

const overlaps = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** Where a label may stand, best first: over, under or in its box from its left or to its right edge, or beside it; always in the room. */
function labelPlaces(box, width, room, isTruth) {
  const [over, under, within] = [box.y - LABEL_HEIGHT - 2, box.y + box.height + 2, box.y + 2];
  const rows = (isTruth ? [under, over] : [over, under, within]).filter((y) => y >= room.y && y + LABEL_HEIGHT <= room.y + room.height);
  const spots = (rows.length ? rows : [room.y]).flatMap((y) => [[box.x, y], [box.x + box.width - width, y]]);
  const beside = [[box.x + box.width + 3, within], [box.x - width - 3, within]];
  const inside = (x) => Math.max(room.x, Math.min(x, room.x + room.width - width));
  return [...spots, ...beside].map(([x, y]) => ({ x: inside(x), y, width, height: LABEL_HEIGHT }));
}

const truthLast = (a, b) => (a.kind === "truth") - (b.kind === "truth");

function writeLabels(context, marks, room) {
  Object.assign(context, { textBaseline: "middle", lineJoin: "round", lineWidth: 3.5, strokeStyle: "rgba(0, 0, 0, 0.82)", fillStyle: "#fff" });
  const isSmall = room.width < SMALL_PANE_PX;
  const taken = [];
  for (const { box, text, kind } of marks.toSorted(truthLast).slice(0, LABELS_AT_MOST)) {
    const isTruth = kind === "truth";
    context.font = `${isTruth ? "italic 400" : "600"} ${isSmall ? 10.5 : 12}px ${FAMILY}`;
    const places = labelPlaces(box, context.measureText(text).width + 4, room, isTruth);
    const place = places.find((one) => !taken.some((other) => overlaps(one, other))) ?? (isTruth || isSmall ? null : places[0]);
    if (!place) continue;
    taken.push(place);
    context.strokeText(text, place.x + 2, place.y + LABEL_HEIGHT / 2);
    context.fillText(text, place.x + 2, place.y + LABEL_HEIGHT / 2);
  }
}

function writeCaption(context, text, area, atRight) {
  context.font = FONT;
  const width = Math.min(context.measureText(text).width + 14, area.width - 8);
  const x = atRight ? area.x + area.width - width - 4 : area.x + 4;
  const y = area.y + area.height - 24;
  context.fillStyle = "rgba(0, 0, 0, 0.72)";
  context.fillRect(x, y, width, 20);
  Object.assign(context, { fillStyle: "#fff", textBaseline: "middle" });
  context.fillText(text, x + 7, y + 10.5, width - 14);
}

function placed({ xyxy: [x0, y0, x1, y1] }, frame, area) {
  const scale = area.width / frame.width;
  return { x: area.x + x0 * scale, y: area.y + y0 * scale, width: Math.max(0, x1 - x0) * scale, height: Math.max(0, y1 - y0) * scale };
}

function picture(desk) {
  const { own } = desk;
  const canvas = h("canvas", { class: "canvas", "data-role": "picture", role: "img", "aria-label": "No picture yet" });
  const context = canvas.getContext("2d");
  const note = h("div", { class: "stage-note", "data-role": "stage-note" });
  const wipe = h("input", {
    type: "range", class: "wipe", min: 0, max: 100, step: 0.5, "data-role": "wipe-position",
    "aria-label": "Wipe: left of it the pinned setting, right of it the current one",
  });
  const element = h("div", {
    class: "stage", "data-role": "stage", tabindex: "0", role: "group",
    "aria-label": "Picture: space plays and pauses, the arrow keys step",
  }, canvas, wipe, note);
  let look = { labels: [], colours: [] };
  let pinnedName = null;
  let decoding = null;
  let waiting = null;
  let unanswered = 0;
  let answering = 0;
  let shown = null;
  let size = { width: 0, height: 0 };

  const labelOf = (label) => look.labels[label] ?? `class ${label}`;
  const marksOf = (boxes, frame, area, kindOf) => (boxes ?? []).filter(({ label }) => !own.state.hidden.has(label)).map((one) => {
    const kind = kindOf ?? one.kind;
    const word = kind === "lost" || kind === "new" ? `${kind} ` : "";
    const score = one.score === undefined ? "" : ` ${formatFraction(one.score)}`;
    return { kind, box: placed(one, frame, area), colour: look.colours[one.label] ?? "#999999", text: `${word}${labelOf(one.label)}${score}` };
  });

  /** Draw the picture with some boxes. It fills `area`, labels have the whole `room` around it, and only `clip` is painted. */
  function pane({ area, room, clip = room, marks, caption, atRight }) {
    context.save();
    context.beginPath();
    context.rect(clip.x, clip.y, clip.width, clip.height);
    context.clip();
    context.drawImage(shown.bitmap, area.x, area.y, area.width, area.height);
    for (const { box, kind, colour } of marks) strokeBox(context, box, kind, colour);
    writeLabels(context, marks, room);
    if (caption) writeCaption(context, caption, room, atRight);
    context.restore();
  }

  /** Where the pinned and the current setting are drawn: halves of the stage, or all of it. */
  function rooms(mode) {
    const whole = { x: 0, y: 0, ...size };
    const width = (size.width - PANE_GAP) / 2;
    const pieces = mode === "side" ? [{ ...whole, width }, { ...whole, width, x: width + PANE_GAP }] : [whole, whole];
    return pieces.map((room) => ({ room, area: fitted(shown.width, shown.height, room) }));
  }

  function draw() {
    const ratio = canvas.width / (size.width || 1);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    if (!shown || !size.width) return;
    const { overlay } = shown;
    const mode = pinnedName === null ? "plain" : own.state.side ? "side" : own.state.wipe ? "wipe" : "plain";
    const [left, right] = rooms(mode);
    const truth = ({ area }) => (own.state.truth ? marksOf(overlay.truth, shown, area, "truth") : []);
    const current = [...marksOf(overlay.boxes, shown, right.area), ...marksOf(overlay.lost, shown, right.area, "lost")];
    const before = marksOf(overlay.pinned, shown, left.area, "plain");
    if (mode === "plain") pane({ ...right, marks: [...truth(right), ...current] });
    else {
      const edge = right.area.x + right.area.width * own.state.wipeAt;
      const clips = mode === "wipe" ? [{ ...left.room, width: edge }, { ...right.room, x: edge, width: size.width - edge }] : [];
      const unknown = overlay.pinned ? "" : ", not known for this frame";
      pane({ ...left, clip: clips[0], marks: [...truth(left), ...before], caption: `pinned: ${pinnedName}${unknown}` });
      pane({ ...right, clip: clips[1], marks: [...truth(right), ...current], caption: `now: ${shown.setting}`, atRight: true });
    }
    placeWipe(mode === "wipe", right.area);
    describe(current, before, mode);
  }

  function placeWipe(isShown, area) {
    wipe.hidden = !isShown;
    wipe.style.setProperty("--x", `${area.x}px`);
    wipe.style.setProperty("--width", `${area.width}px`);
    wipe.style.setProperty("--y", `${area.y}px`);
    wipe.style.setProperty("--height", `${area.height}px`);
    if (wipe.valueAsNumber !== own.state.wipeAt * 100) wipe.valueAsNumber = own.state.wipeAt * 100;
  }

  function describe(current, before, mode) {
    const lost = current.filter(({ kind }) => kind === "lost").length;
    Object.assign(canvas.dataset, { n: shown.n, setting: shown.setting, mode, boxes: current.length - lost, lost, pinned: mode === "plain" ? 0 : before.length });
    const words = current.map(({ text }) => text).slice(0, LABELS_AT_MOST).join(", ");
    set(canvas, "aria-label", `Frame ${shown.position + 1}, ${shown.name}: ${words || "nothing found"}`);
  }

  async function decode() {
    const frame = decoding = waiting;
    waiting = null;
    try {
      frame.bitmap = await createImageBitmap(new Blob([frame.bytes], { type: "image/jpeg" }));
    } catch {
      frame.problem = "This frame’s picture could not be decoded.";
    }
    if (desk.ended()) frame.bitmap?.close();
    else desk.nextPaint(() => show(frame));
  }

  /** Tell, after this paint, what has been painted: of four in a row the last, for each answer costs the kernel milliseconds. */
  function acknowledge(n) {
    clearTimeout(answering);
    unanswered += 1;
    const painted = performance.now();
    answering = setTimeout(() => {
      unanswered = 0;
      if (!desk.ended()) desk.send("shown", { n, ago_ms: performance.now() - painted });
    }, unanswered < ANSWER_EVERY ? ANSWER_MS : 0);
  }

  /** Show a frame that is decoded, and acknowledge it once it has been painted. */
  function show(frame) {
    if (frame.bitmap) {
      shown?.bitmap.close();
      shown = frame;
      draw();
    }
    desk.frameShown(frame);
    acknowledge(frame.n);
    decoding = null;
    if (waiting) decode();
  }

  const resized = new ResizeObserver(([{ contentRect }]) => {
    const ratio = Math.min(devicePixelRatio || 1, LARGEST_RATIO);
    size = { width: contentRect.width, height: contentRect.height };
    Object.assign(canvas, { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) });
    draw();
  });
  resized.observe(element);
  wipe.addEventListener("input", () => own.put({ wipeAt: wipe.valueAsNumber / 100 }));
  wipe.hidden = true;
  desk.atEnd(() => { resized.disconnect(); shown?.bitmap.close(); });

  return {
    element, draw,
    frame(message, bytes) {
      waiting = { ...message, of: message.n, bytes };
      if (!decoding) decode();
    },
    /** Lay other boxes over the picture that came as number `of`; they are a picture of their own, number `n`. */
    boxes({ n, of, overlay, setting }) {
      const frame = [waiting, decoding, shown].find((one) => one?.of === of);
      if (!frame) return acknowledge(n);
      Object.assign(frame, { n, overlay, setting });
      if (frame === shown) desk.nextPaint(() => { draw(); desk.frameShown(shown); acknowledge(n); });
    },
    look(now) { look = now; desk.soon("draw", draw); },
    say(text) { note.hidden = !text; write(note, text); },
    pinned(name) { if (name !== pinnedName) { pinnedName = name; desk.soon("draw", draw); } },
    get shown() { return shown; },
  };
}

// Legend and pin -----------------------------------------------------------------------------------------------------

function legendMark(kind) {
  const box = { x: 3, y: 3, width: 22, height: 11, fill: "none" };
  return s("svg", { viewBox: "0 0 28 17", width: 28, height: 17, class: `mark-${kind}`, "aria-hidden": "true" },
    s("rect", box), s("rect", { ...box, class: "inner" }));
}

function legend(desk) {
  const rows = ["kept", "lost", "new"].map((kind) => ({ kind, count: h("b", { "data-role": `count-${kind}` }, MISSING) }));
  const truth = h("b", { "data-role": "count-truth" }, MISSING);
  const pin = button("pin", () => desk.send("pin"), { title: "Compare other settings with the one that runs now" }, "Pin");
  const unpin = button("unpin", () => desk.send("unpin"), {}, "Unpin");
  const name = h("p", { class: "pinned-name", "data-role": "pinned-name" });
  const row = (kind, words, count) => h("li", {}, legendMark(kind), h("span", {}, words), count);
  const element = h("aside", { class: "legend", "aria-label": "Legend and baseline" },
    h("ul", {}, ...rows.map(({ kind, count }) => row(kind, kind, count)), row("truth", "truth", truth)),
    h("div", { class: "pinning" }, pin, unpin, name));
  return {
    element,
    update({ counts, pinned, ready }) {
      for (const { kind, count } of rows) write(count, String(counts?.[kind] ?? MISSING));
      pin.disabled = !ready;
      unpin.disabled = !pinned;
      write(name, pinned ? `pinned: ${pinned.name}` : "Pin a setting to see what others keep, lose and find anew.");
    },
    truth(boxes) { write(truth, boxes ? String(boxes.length) : MISSING); },
  };
}

// Transport ----------------------------------------------------------------------------------------------------------

const PACES = [{ value: "clip", label: "clip’s pace" }, { value: "free", label: "free" }];

function transport(desk) {
  const toStart = button("to-start", () => desk.send("seek", { position: 0 }), { class: "icon", "aria-label": "To the start" }, icon("start"));
  const back = button("step-back", () => desk.step(-1), { class: "icon", "aria-label": "One frame back" }, icon("back"));
  const play = button("play", () => desk.playOrPause(), { class: "icon" }, icon("play"));
  const forward = button("step-forward", () => desk.step(1), { class: "icon", "aria-label": "One frame forward" }, icon("forward"));
  const seek = h("input", { type: "range", min: 0, step: 1, value: 0, "data-role": "seek", "aria-label": "Position in the media" });
  const held = heldWhileMoved(seek);
  const position = h("span", { class: "position", "data-role": "position" });
  const pace = choice(uniqueId(), "", (value) => desk.send("pace", { value }));
  pace.label.className = "unseen";
  pace.label.textContent = "Pace";
  pace.field.dataset.role = "pace";
  let frames = null;
  let playing = null;
  let current = 0;
  const showPosition = (at) => write(position, frames ? `${at + 1} / ${frames}` : `${at + 1}`);
  seek.addEventListener("input", () => {
    showPosition(seek.valueAsNumber);
    desk.soon("seek", () => desk.send("seek", { position: seek.valueAsNumber }));
  });
  return {
    element: h("div", { class: "transport" }, toStart, back, play, forward, seek, position, pace.label, pace.field),
    update(status) {
      frames = status.frames;
      if (playing !== status.playing) {
        playing = status.playing;
        set(play, "aria-label", playing ? "Pause" : "Play");
        play.replaceChildren(icon(playing ? "pause" : "play"));
      }
      for (const part of [play, forward]) part.disabled = !status.ready;
      for (const part of [toStart, back, seek]) part.disabled = !status.ready || !frames;
      set(seek, "max", Math.max(0, (frames ?? 1) - 1));
      this.at(current); // a slider clamps to its old maximum
      pace.update({ value: status.pace, choices: PACES });
    },
    at(now) {
      current = now;
      if (held()) return;
      seek.valueAsNumber = now;
      showPosition(now);
    },
  };
}

function check(role, words, change) {
  const input = h("input", { type: "checkbox", "data-role": role, change: () => change(input.checked) });
  return { input, element: h("label", { class: "check" }, input, words) };
}

function classFilter(desk) {
  const { own } = desk;
  const word = h("span");
  const rows = h("div", { class: "rows" });
  const hide = (labels) => own.put({ hidden: new Set(labels) });
  let labels = [];
  const tools = h("div", { class: "tools" },
    button("classes-all", () => hide([]), { class: "small" }, "All"),
    button("classes-none", () => hide(labels.keys()), { class: "small" }, "None"));
  const element = h("details", { class: "classes", "data-role": "classes" }, h("summary", {}, word), h("div", { class: "menu" }, tools, rows));
  const show = list(rows, ({ label, index }) => `${index} ${label}`, ({ label, index }) => {
    const swatch = h("i", { class: "swatch", "aria-hidden": "true" });
    const { input, element: row } = check("class", label, (checked) => {
      const hidden = new Set(own.state.hidden);
      if (checked) hidden.delete(index); else hidden.add(index);
      hide(hidden);
    });
    input.after(swatch);
    return { element: row, update({ colour }) { input.checked = !own.state.hidden.has(index); swatch.style.setProperty("--stage", colour); } };
  });
  element.addEventListener("keydown", (event) => { if (event.key === "Escape") { element.open = false; element.firstChild.focus(); } });
  document.addEventListener("pointerdown", (event) => { if (!element.contains(event.target)) element.open = false; }, { signal: desk.signal });
  return {
    element,
    update(look) {
      labels = look.labels;
      const hidden = labels.filter((_, index) => own.state.hidden.has(index)).length;
      write(word, hidden ? `classes: ${labels.length - hidden} of ${labels.length}` : "all classes");
      show(labels.map((label, index) => ({ label, index, colour: look.colours[index] ?? "#999999" })));
    },
  };
}

function viewLine(desk) {
  const { own } = desk;
  const truth = check("truth", "truth", (checked) => own.put({ truth: checked }));
  const wipe = check("wipe", "wipe", (checked) => own.put({ wipe: checked, side: false }));
  const side = check("side", "side by side", (checked) => own.put({ side: checked, wipe: false }));
  const classes = classFilter(desk);
  const why = h("span", { class: "reason", "data-role": "view-reason" });
  return {
    element: h("div", { class: "view-line" }, truth.element, classes.element, wipe.element, side.element, why),
    update(status, look, frame) {
      truth.input.checked = own.state.truth;
      wipe.input.checked = own.state.wipe;
      side.input.checked = own.state.side;
      for (const { input } of [wipe, side]) input.disabled = !status.pinned;
      classes.update(look);
      const reasons = [];
      if (!status.pinned) reasons.push("wipe, side by side: pin a setting first");
      if (own.state.truth && frame && !frame.overlay.truth) reasons.push("truth: not known for this frame");
      write(why, reasons.join("; "));
    },
  };
}

// Figures ------------------------------------------------------------------------------------------------------------

function headline() {
  const cell = (role, words) => {
    const value = h("dd", { class: "value", "data-role": role }, MISSING);
    return { value, element: h("div", { class: `cell is-${role}` }, h("dt", {}, words), value) };
  };
  const latency = cell("headline-latency", "a frame");
  const fps = cell("fps", "throughput");
  const versus = cell("headline-versus", "against the pinned setting");
  const name = h("span", { class: "running", "data-role": "running" });
  latency.element.firstChild.append(name);
  return {
    element: h("dl", { class: "headline" }, latency.element, fps.element, versus.element),
    update({ headline: now, name: running, pinned }) {
      write(name, running ? `, ${running}` : "");
      set(name, "title", running);
      write(latency.value, now.latency ?? MISSING);
      write(fps.value, now.fps ?? MISSING);
      write(versus.value, now.versus ?? now.verdict ?? (pinned ? "not known yet" : "nothing pinned"));
      set(versus.value, "data-verdict", now.verdict ?? (now.versus ? "" : "none"));
    },
  };
}

function figures() {
  const element = h("dl", { class: "figures", "data-role": "figures" });
  const update = list(element, ({ label }) => label, ({ label }) => {
    const value = h("span", { class: "number" });
    const change = h("span", { class: "change" });
    return {
      element: h("div", { "data-figure": label }, h("dt", {}, label), h("dd", {}, value, change)),
      update(figure) {
        write(value, figure.value ?? MISSING);
        write(change, figure.change ? ` (${figure.change})` : "");
      },
    };
  });
  return { element, update };
}

function noise() {
  const word = h("b");
  const reasons = h("span", { class: "reasons" });
  const element = h("p", { class: "noise", "data-role": "noise" }, h("i", { class: "lamp", "aria-hidden": "true" }), word, reasons);
  return {
    element,
    update({ verdict, reasons: why }) {
      element.dataset.verdict = verdict;
      write(word, `noise: ${verdict}`);
      write(reasons, why.length ? why.join("; ") : "");
    },
  };
}

const BARS = [["now", "now"], ["pinned", "pinned"]];
const LETTER_PX = 6.9;

/** Two bars of stages on one scale, over a table that says the same in figures and is their legend. */
function stageBars(desk) {
  const rows = BARS.map(([key, words]) => {
    const name = h("small");
    const bar = h("div", { class: "stage-bar", role: "img", "data-role": `bar-${key}` });
    const total = h("span", { class: "total" });
    const element = h("div", { class: "bar-row" }, h("span", { class: "bar-name" }, words, name), bar, total);
    return { key, name, bar, total, element };
  });
  const head = h("tr");
  const bodies = BARS.map(([, words]) => ({ words, element: h("tr") }));
  const table = h("table", { class: "stages", "data-role": "stages" },
    h("caption", { class: "unseen" }, "Milliseconds of a frame, stage by stage"),
    h("thead", {}, head), h("tbody", {}, ...bodies.map((body) => body.element)));
  let columns = "";

  function buildColumns(order, colours) {
    const key = JSON.stringify([order, colours]);
    if (key === columns) return;
    columns = key;
    head.replaceChildren(h("td"), ...order.map((stage) => {
      const swatch = h("i", { class: `swatch${stage === "unexplained" ? " hatched" : ""}`, "aria-hidden": "true" });
      swatch.style.setProperty("--stage", colours[stage] ?? "#999999");
      return h("th", { scope: "col", title: stage }, swatch, stageWord(stage));
    }));
    for (const { words, element } of bodies) element.replaceChildren(h("th", { scope: "row" }, words), ...order.map(() => h("td")));
  }

  function segment({ stage, ms }, scale, width, colours) {
    const part = h("span", { class: `stage-part${stage === "unexplained" ? " hatched" : ""}`, title: `${stage} ${formatMs(ms)} ms` });
    const colour = colours[stage] ?? "#999999";
    part.style.setProperty("--stage", colour);
    part.style.color = inkOn(colour);
    part.style.width = `${(ms / scale) * 100}%`;
    const room = (ms / scale) * width / LETTER_PX - 1;
    const full = `${stageWord(stage)} ${formatMs(ms)}`;
    const text = [full, formatMs(ms)].find((one) => one.length <= room);
    if (text) part.append(h("span", {}, text));
    return part;
  }

  function fillRow({ key, bar, name, total }, budget, scale, colours) {
    const parts = (budget?.stages ?? []).filter(({ ms }) => ms > 0);
    bar.replaceChildren(...parts.map((part) => segment(part, scale, bar.clientWidth, colours)));
    write(name, budget?.name ?? "");
    set(name, "title", budget?.name);
    write(total, budget ? `${formatMs(budget.total_ms)} ms` : MISSING);
    const told = parts.map(({ stage, ms }) => `${stage} ${formatMs(ms)} ms`).join(", ");
    set(bar, "aria-label", budget ? `${key}, ${budget.name}: ${told}` : `${key}: nothing yet`);
    if (!budget) bar.append(h("span", { class: "none" }, key === "pinned" ? "nothing pinned" : "nothing measured yet"));
  }

  let latest = null;
  function show() {
    if (!latest) return;
    const { status, order, colours } = latest;
    const longest = (budget) => Math.max(budget?.total_ms ?? 0, (budget?.stages ?? []).reduce((sum, { ms }) => sum + Math.max(0, ms), 0));
    const scale = Math.max(longest(status.now), longest(status.pinned)) || 1;
    buildColumns(order, colours);
    rows.forEach((row, at) => {
      const budget = status[row.key];
      fillRow(row, budget, scale, colours);
      order.forEach((stage, column) => {
        const found = budget?.stages.find((one) => one.stage === stage);
        write(bodies[at].element.children[column + 1], found ? formatMs(found.ms) : MISSING);
      });
    });
  }

  const resized = new ResizeObserver(() => desk.soon("bars", show));
  resized.observe(rows[0].bar);
  desk.atEnd(() => resized.disconnect());
  return {
    element: h("section", { class: "stage-bars", "aria-label": "Stages of a frame" }, ...rows.map((row) => row.element), table),
    update(status, order, colours) { latest = { status, order, colours }; show(); },
  };
}

/** The next of 1, 2, 5, 10, … above a value, so that the axis rarely changes. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= value);
}

function historyLine() {
  const line = s("polyline", { class: "line" });
  const pinned = s("line", { class: "pinned", x1: 0, x2: 100 });
  const top = h("span", { class: "top" });
  const last = h("span", { class: "last" });
  const word = h("span", { class: "pinned-word" }, "pinned");
  const drawing = s("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, pinned, line);
  const plot = h("div", { class: "plot", role: "img", "data-role": "history" }, drawing, word);
  return {
    element: h("section", { class: "history", "aria-label": "Recent times" },
      h("p", { class: "title" }, `ms a frame, the last ${HISTORY_SECONDS} s`, last),
      h("div", { class: "axis" }, top, h("span", {}, "0")), plot),
    update({ seconds, ms, pinned_ms: pinnedMs }) {
      const highest = roundUp(Math.max(...ms, pinnedMs ?? 0, 0.1) * 1.05);
      const now = seconds.at(-1) ?? 0;
      const y = (value) => (100 - (value / highest) * 100).toFixed(2);
      set(line, "points", ms.map((value, at) => `${(100 - ((now - seconds[at]) / HISTORY_SECONDS) * 100).toFixed(2)},${y(value)}`).join(" "));
      for (const part of [pinned, word]) part.toggleAttribute("hidden", pinnedMs === null);
      for (const name of ["y1", "y2"]) set(pinned, name, y(pinnedMs ?? 0));
      word.style.top = `${y(pinnedMs ?? 0)}%`;
      word.classList.toggle("is-under", (pinnedMs ?? 0) > highest / 2);
      write(top, ms.length ? String(highest) : "");
      write(last, ms.length ? "" : ": nothing yet");
      set(plot, "aria-label", ms.length ? `between ${formatMs(Math.min(...ms))} and ${formatMs(Math.max(...ms))} ms` : "nothing yet");
    },
  };
}

// Tabs ---------------------------------------------------------------------------------------------------------------

const COLUMNS = [
  ["median", "median"], ["p95", "p95"], ["fps", "FPS"], ["versus", "against the pinned"],
  ["ap", "AP"], ["agreement", "agreement"], ["noise", "noise"],
];

function recordRow({ id }, desk) {
  const name = button("choose", () => {}, { class: "plain", title: "Take these settings" });
  const tag = h("span", { class: "tag" }, "pinned");
  const cells = COLUMNS.map(([key]) => h("td", { class: key === "noise" ? "" : "n" }));
  const state = h("td", { class: "state" });
  const problem = h("td", { colspan: COLUMNS.length + 2 });
  const problemRow = h("tr", { class: "problem" }, problem);
  const element = h("tbody", { "data-role": "record-row", "data-id": id, click: () => desk.send("choose", { id }) },
    h("tr", {}, h("th", { scope: "row" }, name, tag), ...cells, state), problemRow);
  return {
    element,
    update(record) {
      write(name, record.name);
      tag.hidden = !record.pinned;
      element.dataset.state = record.state;
      COLUMNS.forEach(([key], at) => write(cells[at], record[key] ?? MISSING));
      write(state, record.state);
      problemRow.hidden = !record.problem;
      write(problem, record.problem ?? "");
    },
  };
}

/** Scroll to the end when something is added, unless someone has scrolled away from it. */
function keptAtEnd(box, show) {
  return (items) => {
    const wasAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
    show(items);
    if (wasAtEnd) box.scrollTop = box.scrollHeight;
  };
}

function measuredTab(desk) {
  const empty = h("p", { class: "empty" },
    "Nothing is measured yet. Measure times the running settings frame by frame, checks what they find, and adds a row here.");
  const heads = COLUMNS.map(([key, words]) => h("th", { scope: "col", class: key === "noise" ? "" : "n" }, words));
  const top = [
    h("caption", { class: "unseen" }, "Measured settings; choosing a row takes its settings"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"), ...heads, h("th", { scope: "col" }, "state"))),
  ];
  const table = h("table", { class: "records", "data-role": "table" });
  const element = h("div", {}, table, empty);
  const show = list(table, ({ id }) => id, (record) => recordRow(record, desk), top);
  return { element, update(records) { table.hidden = !records.length; empty.hidden = Boolean(records.length); show(records); } };
}

function adviceCard(desk) {
  const [title, about, finding, evidence, gain, measured] = ["b", "small", "p", "p", "p", "p"].map((tag) => h(tag));
  const theory = h("p");
  const change = h("span", { class: "change" });
  let now = null;
  const use = button("use-advice", () => desk.send("use", { values: now.change, id: now.record }), { class: "small" }, "Try it");
  const action = h("p", { class: "action" }, use, change);
  const why = h("details", {}, h("summary", {}, "Why"), theory);
  evidence.className = "muted";
  return {
    element: h("li", { class: "card" }, h("p", {}, title, " ", about), finding, evidence, gain, measured, action, why),
    update(card) {
      now = card;
      write(title, card.title);
      write(about, card.about);
      write(finding, card.finding);
      write(evidence, card.evidence);
      write(gain, card.expected ? `Expected: ${card.expected} (${card.arithmetic})` : "");
      write(measured, card.measured ? `Measured: ${card.measured}` : "");
      write(theory, card.theory.join(" "));
      write(change, card.change_words ?? "");
      action.hidden = !card.change;
      use.disabled = !card.change_words; // it is what runs already
    },
  };
}

function adviceTab(desk) {
  const cards = h("ol", { class: "cards", "data-role": "advice" });
  const empty = h("p", { class: "empty" },
    "No advice yet. Measure a setting, better two: what the records show, what a change should bring and what it brought stands here.");
  const show = list(cards, ({ id }) => id, () => adviceCard(desk));
  return { element: h("div", {}, cards, empty), update(items) { empty.hidden = Boolean(items.length); show(items); } };
}

const CHART = { width: 620, height: 186, left: 44, right: 10, top: 8, bottom: 34 };
const STEPS = 100; // of a budget's slider; the last one asks for nothing
const LARGEST_LOSS = 0.2;

/** Latency against accuracy of everything that is known, small and drawn by hand: thousands of points, anew after each run. */
function frontierChart(desk) {
  const parts = ["grid", "points", "edge", "limits", "ring"].map((name) => s("g", { class: name }));
  const [gridLines, points, edge, limits, ring] = parts;
  const drawing = s("svg", { viewBox: `0 0 ${CHART.width} ${CHART.height}`, role: "img", "data-role": "frontier", class: "frontier" }, ...parts);
  let scales = null;
  const text = (x, y, words, anchor = "middle") => s("text", { x, y, "text-anchor": anchor }, words);
  drawing.addEventListener("click", ({ target }) => { if (target.dataset?.id) desk.send("choose-swept", { id: target.dataset.id }); });
  return {
    element: drawing,
    span: () => scales?.span ?? null,
    update(state) {
      const { left, right, top, bottom, width, height } = CHART;
      const xs = state.points.map(([x]) => x);
      const ys = state.points.map(([, y]) => y);
      if (!xs.length) { parts.forEach((part) => part.replaceChildren()); scales = null; return; }
      const span = [Math.min(...xs) / 1.15, Math.max(...xs) * 1.15];
      const [low, high] = [Math.max(0, Math.min(...ys) - 0.02), Math.max(...ys) + 0.02];
      const x = (ms) => left + ((Math.log(ms) - Math.log(span[0])) / (Math.log(span[1]) - Math.log(span[0]))) * (width - left - right);
      const y = (value) => top + ((high - value) / (high - low)) * (height - top - bottom);
      scales = { span };
      const decades = [0.1, 1, 10, 100, 1000, 10000].flatMap((power) => [1, 2, 5].map((digit) => digit * power));
      const ticks = decades.filter((ms) => ms > span[0] && ms < span[1]);
      const levels = [0, 1, 2, 3].map((at) => low + ((high - low) * at) / 3);
      gridLines.replaceChildren(
        ...ticks.flatMap((ms) => [s("line", { x1: x(ms), x2: x(ms), y1: top, y2: height - bottom }), text(x(ms), height - bottom + 13, String(ms))]),
        ...levels.flatMap((value) => [s("line", { x1: left, x2: width - right, y1: y(value), y2: y(value) }), text(left - 6, y(value) + 4, formatFraction(value, 3), "end")]),
        text((left + width) / 2, height - 4, `median ms a frame (logarithmic); up: ${state.axis}`),
      );
      points.replaceChildren(...state.points.map(([ms, right_, id, composed, words]) => s("circle",
        { cx: x(ms).toFixed(1), cy: y(right_).toFixed(1), r: composed ? 2.2 : 4, class: composed ? "composed" : "whole", "data-id": id }, s("title", {}, words))));
      edge.replaceChildren(s("polyline", { points: state.frontier.map(([ms, right_]) => `${x(ms).toFixed(1)},${y(right_).toFixed(1)}`).join(" ") }));
      const best = Math.max(...ys);
      const { max_ms: ms, max_ap_loss: loss } = state.budget;
      limits.replaceChildren(
        ...(ms === null ? [] : [s("line", { x1: x(ms), x2: x(ms), y1: top, y2: height - bottom })]),
        ...(loss === null ? [] : [s("line", { x1: left, x2: width - right, y1: y(best - loss), y2: y(best - loss) })]));
      ring.replaceChildren(...(state.chosen_at ? [s("circle", { cx: x(state.chosen_at[0]), cy: y(state.chosen_at[1]), r: 8 })] : []));
      set(drawing, "aria-label", `${state.known} settings known, ${state.frontier.length} of them on the frontier. ${state.sentence}`);
    },
  };
}

function budgetSlider(words, role, toValue, format, send) {
  const id = uniqueId();
  const input = h("input", { type: "range", id, min: 0, max: STEPS, step: 1, "data-role": role });
  const value = h("output", { for: id, class: "value" });
  const current = () => (input.valueAsNumber === STEPS ? null : toValue(input.valueAsNumber / STEPS));
  const show = () => { const now = current(); write(value, now === null ? "any" : format(now)); set(input, "aria-valuetext", value.textContent); };
  input.valueAsNumber = STEPS;
  input.addEventListener("input", () => { show(); send(); });
  return { element: h("div", { class: "budget-line" }, h("label", { for: id, class: "name" }, words), input, value), current, show };
}

function sweepTab(desk) {
  const chart = frontierChart(desk);
  const scopeId = uniqueId();
  const scope = h("select", { id: scopeId, "data-role": "sweep-scope" }, h("option", { value: "size" }, "at this size"), h("option", { value: "all" }, "at all sizes"));
  const begin = button("sweep", () => desk.send("sweep", { scope: scope.value }), { class: "small primary" }, "Sweep");
  const tell = () => desk.soon("budget", () => desk.send("budget", { max_ms: time.current(), max_ap_loss: loss.current() }));
  const ms = (share) => { const span = chart.span() ?? [1, 100]; return span[0] * (span[1] / span[0]) ** share; };
  const time = budgetSlider("at most", "budget-ms", ms, (value) => `${formatMs(value)} ms`, tell);
  const loss = budgetSlider("AP lost", "budget-loss", (share) => Number((share * LARGEST_LOSS).toFixed(3)), (value) => formatFraction(value, 3), tell);
  const sentence = h("p", { class: "sentence", role: "status", "data-role": "picked" });
  let chosen = null;
  const use = button("use-picked", () => desk.send("choose-swept", { id: chosen }), { class: "small" }, "Use it");
  const known = h("p", { class: "muted", "data-role": "sweep-known" });
  const unable = h("p", { class: "empty" }, "A sweep measures in processes of its own, which cannot see these frames; open a file of them instead.");
  const body = h("div", { class: "sweep" }, chart.element,
    h("div", { class: "pick" },
      h("div", { class: "begin" }, h("label", { for: scopeId, class: "name" }, "try all"), scope, begin), known, time.element, loss.element, use, sentence));
  return {
    element: h("div", {}, body, unable),
    update([state]) {
      const ready = Boolean(state?.ready);
      body.hidden = !ready;
      unable.hidden = ready;
      if (!ready) return;
      chart.update(state);
      begin.disabled = state.running;
      write(begin, state.running ? "Sweeping …" : "Sweep");
      write(known, state.known ? `${state.known} known; filled: measured whole, small: composed` : "");
      chosen = state.chosen;
      write(sentence, state.sentence);
      use.disabled = !chosen;
      time.show();
      loss.show();
    },
  };
}

function logTab() {
  const lines = h("ol", { class: "log", role: "log", "data-role": "log" });
  const empty = h("p", { class: "empty" }, "Nothing is logged yet.");
  const show = list(lines, ({ key }) => key, ({ time, kind, text }) => ({
    element: h("li", { "data-kind": kind }, h("time", {}, time), kind === "error" ? h("b", {}, "error ") : "", h("span", {}, text)), update() {},
  }));
  return {
    element: h("div", {}, lines, empty),
    update(log) {
      empty.hidden = Boolean(log.length);
      const seen = new Map(); // the same line may come twice in a second
      show(log.map((line) => {
        const text = JSON.stringify(line);
        seen.set(text, (seen.get(text) ?? 0) + 1);
        return { ...line, key: `${text} ${seen.get(text)}` };
      }));
    },
  };
}

function tabs(desk) {
  const made = [
    ["measured", "Measured", measuredTab(desk)], ["advice", "Advice", adviceTab(desk)], ["sweep", "Sweep and pick", sweepTab(desk)], ["log", "Log", logTab()],
  ];
  const parts = made.map(([key, words, part]) => {
    const [tabId, panelId] = [uniqueId(), uniqueId()];
    const count = h("span", { class: "count" });
    const tab = button(`tab-${key}`, () => desk.own.put({ tab: key }), { role: "tab", id: tabId, "aria-controls": panelId }, words, count);
    const panel = h("div", { role: "tabpanel", id: panelId, "aria-labelledby": tabId, tabindex: "0", class: "tab-panel" }, part.element);
    return { key, tab, count, panel, show: key === "log" ? keptAtEnd(panel, part.update) : part.update };
  });
  const bar = h("div", { role: "tablist", "aria-label": "Results" }, ...parts.map(({ tab }) => tab));
  bar.addEventListener("keydown", (event) => {
    const at = parts.findIndex(({ tab }) => tab === event.target);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const { key, tab } = parts.at(next % parts.length);
    desk.own.put({ tab: key });
    tab.focus();
  });
  return {
    element: h("section", { class: "tabs" }, bar, ...parts.map(({ panel }) => panel)),
    open() {
      for (const { key, tab, panel } of parts) {
        const isOpen = key === desk.own.state.tab;
        set(tab, "aria-selected", String(isOpen));
        tab.tabIndex = isOpen ? 0 : -1;
        panel.hidden = !isOpen;
      }
    },
    update(of) {
      for (const { key, show, count } of parts) {
        const items = of[key];
        if (!items) continue;
        show(items);
        write(count, key !== "sweep" && items.length ? ` ${items.length}` : "");
      }
    },
  };
}

// What comes out: report and copied text -----------------------------------------------------------------------------

function outputs(desk) {
  const open = h("a", { target: "_blank", "data-role": "report-link" }, "Open report");
  const download = h("a", { "data-role": "report-download" }, "Download");
  const path = h("span", { class: "path", "data-role": "report-path" });
  const report = h("p", { class: "report", role: "status" }, open, download, path);
  const word = h("label", { for: uniqueId(), "data-role": "copied-word" });
  const text = h("textarea", { id: word.htmlFor, readonly: true, rows: 4, spellcheck: "false", "data-role": "copied-text" });
  const copied = h("div", { class: "copied", role: "status" }, word, text);
  let link = null;
  const revoke = () => { if (open.href) URL.revokeObjectURL(open.href); };
  desk.atEnd(revoke);
  return {
    element: h("div", { class: "outputs" }, report, copied),
    update(state) {
      report.hidden = !state.link;
      copied.hidden = !state.copied;
      if (state.copied) {
        write(word, state.copied.done ? "copied" : "The browser keeps the clipboard to itself: select and copy this");
        if (text.value !== state.copied.text) text.value = state.copied.text;
      }
      if (state.link === link) return;
      link = state.link;
      revoke();
      open.href = download.href = URL.createObjectURL(link.blob);
      download.download = link.name;
      write(path, link.path ? `written to ${link.path}` : "");
    },
  };
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // a page that is not https has no clipboard
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const area = h("textarea", { style: "position: fixed; opacity: 0", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return done;
}

// The whole ----------------------------------------------------------------------------------------------------------

const NO_PANEL = {
  detector: { value: null, choices: [] }, media: { value: null, choices: [], camera: { reason: null } }, presets: [], preset: null, groups: [],
};
const NO_STATUS = {
  ready: false, playing: false, pace: "clip", position: 0, frames: null, name: "",
  headline: {}, figures: [], noise: { verdict: "unknown", reasons: [] }, now: null, pinned: null, history: { seconds: [], ms: [], pinned_ms: null }, counts: null,
};

/** What the browser alone knows; whoever shows it listens. */
function ownState() {
  const state = { truth: false, wipe: false, side: false, wipeAt: 0.5, hidden: new Set(), tab: "measured", link: null, copied: null };
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
  apply();
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
const USERS_OF_KEYS = { " ": "button, input, select, textarea, summary, a", ArrowLeft: USE_ARROWS, ArrowRight: USE_ARROWS };

function followKeys(root, desk) {
  const actions = { " ": () => desk.playOrPause(), ArrowLeft: () => desk.step(-1), ArrowRight: () => desk.step(1) };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation(); // a notebook would take it for a command
    if (!(event.key in actions) || event.target.closest(USERS_OF_KEYS[event.key])) return;
    event.preventDefault();
    actions[event.key]();
  });
}

function settingsPanel(desk) {
  const hint = "A change takes effect at once. What a setting does stands here while it has the focus.";
  const message = notice(["settings"], desk, hint);
  const groups = h("div", { class: "groups" });
  const measureMessage = notice(["measure"], desk);
  const out = outputs(desk);
  const update = list(groups, ({ title }) => title, (group) => settingsGroup(group, desk));
  const actions = h("div", { class: "actions" },
    button("measure", () => desk.send("measure"), { class: "primary" }, "Measure"),
    button("report", () => desk.send("report"), {}, "Report"),
    button("export", () => desk.send("export"), { title: "Write a folder that runs this setting without the workbench" }, "Export"),
    button("copy-code", () => desk.send("copy", { what: "code" }), {}, "Copy as code"),
    button("copy-command", () => desk.send("copy", { what: "command" }), {}, "Copy as command"));
  const whisper = ({ target }) => message.whisper(target.closest(".control")?.querySelector(".unseen").textContent || hint);
  groups.addEventListener("focusin", whisper);
  groups.addEventListener("focusout", () => message.whisper(hint));
  const element = h("section", { class: "settings", "aria-label": "Settings" },
    message.element, groups, actions, measureMessage.element, out.element);
  return {
    element, outputs: out,
    update: (panel) => update(panel.groups),
    tell(now) { message.update(now); measureMessage.update(now); },
    ready(isReady) { actions.firstChild.disabled = !isReady; },
  };
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

  Object.assign(desk, {
    playOrPause: () => desk.send(traits.status().playing ? "pause" : "play"),
    step: (by) => desk.send("step", { by }),
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

  const root = h("div", { class: "workbench", "data-role": "workbench", "data-lm-suppress-shortcuts": "true", tabindex: "-1" },
    h("div", { class: "sheet" }, head.element,
      h("div", { class: "strip" }, job.element, message.element),
      settings.element,
      h("div", { class: "bench" }, stage.element, count.element,
        h("div", { class: "play-lines" }, line.element, view.element),
        big.element, grid.element, lamp.element, bars.element, past.element, results.element)));

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
    stage.say(problem || (stage.shown ? "" : waiting));
  }

  function showMessage() {
    const now = refusal ?? model.get("message");
    message.update(now);
    settings.tell(now);
    showNote();
  }

  function showLook() {
    stage.look(traits.look());
    view.update(traits.status(), traits.look(), stage.shown);
  }

  function showOwn(changes) {
    results.open();
    settings.outputs.update(own.state);
    view.update(traits.status(), traits.look(), stage.shown);
    desk.soon("draw", stage.draw);
    if ("truth" in changes || "wipe" in changes) sendView();
  }

  const sendView = () => desk.send("view", { truth: own.state.truth, wipe: own.state.wipe, side: own.state.side });
  const tabItems = { measured: "records", advice: "advice", log: "log_lines" };
  const showTab = (key) => () => results.update({ [key]: key === "sweep" ? [model.get("search")] : model.get(tabItems[key]) ?? [] });
  const showJob = () => { job.update(model.get("job") ?? null); showNote(); };

  const shows = {
    "change:panel": showPanel, "change:status": showStatus, "change:job": showJob,
    "change:message": () => { refusal = null; showMessage(); showPanel(); },
    "change:records": showTab("measured"), "change:advice": showTab("advice"), "change:search": showTab("sweep"), "change:log_lines": showTab("log"),
    "change:labels": showLook, "change:class_colours": showLook,
    "change:stage_colours": showStatus, "change:stage_order": showStatus,
    "msg:custom": (content, buffers) => {
      if (content.type === "frame") stage.frame(content, buffers[0]);
      if (content.type === "boxes") stage.boxes(content);
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
  followTheme(root, desk.signal);
  followKeys(root, desk);
  for (const show of [showPanel, showStatus, showJob, showMessage, ...["measured", "advice", "sweep", "log"].map(showTab), showLook]) show();
  showOwn({});
  desk.send("hello");
  sendView();
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
          const blob = new Blob([buffers[0]], { type: content.mime });
          own.put({ link: { name: content.name, path: content.path, blob } });
        }
      };
      model.on("msg:custom", receive);
      const end = () => model.off("msg:custom", receive);
      signal?.addEventListener("abort", end, { once: true });
      return end;
    },
    render: (given) => render(given, own),
  };
};
