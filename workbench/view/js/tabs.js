// The tabs: what was measured, what is inside, advice, sweep and pick, the log.

import { latencyChart } from "./chart.js";
import { MISSING, button, formatFraction, formatMs, h, list, set, uniqueId, write } from "./elements.js";
import { insideTab } from "./inside.js";
import { waterfall } from "./waterfall.js";
import { wrongFramesTab } from "./wrong_frames.js";

const COLUMNS = [
  ["median", "median"], ["p95", "p95"], ["fps", "FPS"], ["versus", "against the pinned"],
  ["ap", "AP"], ["agreement", "agreement"], ["noise", "noise"],
];

function recordRow({ id }, desk) {
  const name = button("choose", () => {}, { class: "plain" });
  const tag = h("span", { class: "tag" }, "pinned");
  const media = h("small");
  const cells = COLUMNS.map(([key]) => h("td", { class: key === "noise" ? "" : ["versus", "ap", "agreement"].includes(key) ? "n wraps" : "n" }));
  const state = h("span", { class: "tag state" });
  const problem = h("td", { colspan: COLUMNS.length + 1 });
  const problemRow = h("tr", { class: "problem" }, problem);
  const weight = h("td", { colspan: COLUMNS.length + 1 });
  const weightRow = h("tr", { class: "weight" }, weight);
  const element = h("tbody", { "data-role": "record-row", "data-id": id, click: () => desk.send("choose", { id }) },
    h("tr", {}, h("th", { scope: "row" }, name, tag, state, " ", media), ...cells), weightRow, problemRow);
  return {
    element,
    update(record) {
      write(name, record.label);
      set(name, "title", `Take these settings: ${record.name}`);
      write(media, record.media ?? "");
      tag.hidden = !record.pinned;
      element.dataset.state = record.state;
      COLUMNS.forEach(([key], at) => write(cells[at], record[key] ?? MISSING));
      weightRow.hidden = !record.weight;
      write(weight, record.weight ?? "");
      set(weight, "title", record.weight_parts);
      state.hidden = record.state === "ok";
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
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"), ...heads)),
  ];
  const table = h("table", { class: "records", "data-role": "table" });
  const weigh = button("weigh", () => desk.send("weigh"), { class: "small", title: "Peak memory and time to start of each setting, in a process of its own" }, "Weigh");
  const chart = latencyChart("plot", 240, (id) => desk.send("choose", { id }));
  const show = list(table, ({ id }) => id, (record) => recordRow(record, desk), top);
  return {
    element: h("div", {}, table, weigh, chart.element, empty),
    update([{ records, plot }]) {
      table.hidden = !records.length;
      empty.hidden = Boolean(records.length);
      chart.element.toggleAttribute("hidden", !plot.points.length);
      show(records);
      weigh.hidden = !records.some(({ state, weight }) => state !== "failed" && !weight);
      chart.update(plot, `Latency against ${plot.axis} of ${plot.points.length} settings; the table above says the same`);
    },
  };
}

function explainedTab(desk) {
  const begin = button("explain", () => desk.send("explain"), { class: "small primary" }, "Explain");
  const about = h("span", { class: "muted", "data-role": "explain-about" });
  const picture = h("div", { "data-role": "waterfall" });
  let [shown, held, reason] = ["", null, null];
  const enable = () => {
    begin.disabled = Boolean(held || reason);
    set(begin, "title", held ?? reason);
  };
  return {
    element: h("div", { class: "explained" }, h("div", { class: "begin" }, begin, about), picture),
    hold(why) { held = why; enable(); },
    update([state]) {
      reason = state.reason;
      write(about, state.about ?? state.reason ?? "");
      enable();
      const now = JSON.stringify(state.picture);
      if (now !== shown) picture.replaceChildren(...(state.picture ? waterfall(state.picture) : []));
      shown = now;
    },
  };
}

function adviceCard(desk) {
  const [title, about, finding, evidence, gain, measured] = ["b", "small", "p", "p", "p", "p"].map((tag) => h(tag));
  const theory = h("p");
  const change = h("span", { class: "change" });
  let now = null;
  const use = button("use-advice", () => desk.send("use", { values: now.change, id: now.record }), { class: "small" }, "Try it");
  const repair = button("repair", () => desk.send("repair", { id: now.record }), { class: "small" }, "Repair");
  const action = h("p", { class: "action" }, use, repair, change);
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
      action.hidden = !card.change && !card.repairs;
      use.hidden = !card.change;
      repair.hidden = !card.repairs;
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

const STEPS = 100; // of a budget's slider; the last one asks for nothing
const LARGEST_LOSS = 0.2;

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
  const chart = latencyChart("frontier", 186, (id) => desk.send("choose-swept", { id }));
  const scopeId = uniqueId();
  const scope = h("select", { id: scopeId, "data-role": "sweep-scope" }, h("option", { value: "size" }, "at this size"), h("option", { value: "all" }, "at all sizes"));
  const begin = button("sweep", () => desk.send("sweep", { scope: scope.value }), { class: "small primary" }, "Sweep");
  const tell = () => desk.soon("budget", () => desk.send("budget", { max_ms: time.current(), max_ap_loss: loss.current() }));
  const ms = (share) => { const span = chart.span() ?? [1, 100]; return span[0] * (span[1] / span[0]) ** share; };
  const time = budgetSlider("at most", "budget-ms", ms, (value) => `${formatMs(value)} ms`, tell);
  const loss = budgetSlider("AP lost", "budget-loss", (share) => Number((share * LARGEST_LOSS).toFixed(3)), (value) => formatFraction(value, 3), tell);
  const sentence = h("p", { class: "sentence", role: "status", "data-role": "picked" });
  let chosen = null;
  let held = null;
  let sweeping = false;
  let unconfirmed = null;
  const use = button("use-picked", () => desk.send("choose-swept", { id: chosen }), { class: "small" }, "Use it");
  const confirm = button("measure-picked", () => desk.send("measure-swept", { id: unconfirmed ?? chosen }), { class: "small" }, "Measure it whole");
  const known = h("p", { class: "muted", "data-role": "sweep-known" });
  const unable = h("p", { class: "empty" }, "A sweep measures in processes of its own, which cannot see these frames; open a file of them instead.");
  const body = h("div", { class: "sweep" }, chart.element,
    h("div", { class: "pick" },
      h("div", { class: "begin" }, h("label", { for: scopeId, class: "name" }, "try all"), scope, begin), known, time.element, loss.element, sentence, h("div", { class: "begin" }, use, confirm)));
  const enable = () => {
    begin.disabled = sweeping || Boolean(held);
    use.disabled = !chosen || Boolean(held);
    confirm.disabled = !(unconfirmed ?? chosen) || Boolean(held);
    for (const one of [begin, use, confirm]) set(one, "title", held);
  };
  return {
    element: h("div", {}, body, unable),
    hold(reason) { held = reason; enable(); },
    update([state]) {
      const ready = Boolean(state?.ready);
      body.hidden = !ready;
      unable.hidden = ready;
      if (!ready) return;
      chart.update(state, `${state.known} settings known, ${state.frontier.length} of them on the frontier. ${state.sentence}`);
      sweeping = state.running;
      write(begin, state.running ? "Sweeping …" : "Sweep");
      write(known, state.known ? `${state.known} known; filled: measured whole, small: composed` : "");
      ({ chosen, unconfirmed } = state);
      write(sentence, state.sentence);
      enable();
      time.show();
      loss.show();
    },
  };
}

function logTab() {
  const lines = h("ol", { class: "log", "data-role": "log" });
  const empty = h("p", { class: "empty" }, "Nothing is logged yet.");
  const show = list(lines, ({ key }) => key, ({ time, kind, text }) => ({
    element: h("li", { "data-kind": kind }, h("time", {}, time), kind === "error" ? h("b", {}, "error ") : "", h("span", {}, text)), update() {},
  }));
  return {
    element: h("div", {}, h("div", { role: "log" }, lines), empty),
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

export function tabs(desk) {
  const [measured, explained, wrong] = [measuredTab(desk), explainedTab(desk), wrongFramesTab(desk)];
  const [inside, advice, sweep] = [insideTab(desk), adviceTab(desk), sweepTab(desk)];
  const made = [
    ["measured", "Measured", measured], ["explained", "What brought it", explained], ["accuracy", "Accuracy", wrong], ["inside", "Inside", inside], ["advice", "Advice", advice],
    ["sweep", "Sweep and pick", sweep], ["log", "Log", logTab()],
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
    element: h("div", { class: "tabs" }, bar, ...parts.map(({ panel }) => panel)),
    open() {
      for (const { key, tab, panel } of parts) {
        const isOpen = key === desk.own.state.tab;
        set(tab, "aria-selected", String(isOpen));
        tab.tabIndex = isOpen ? 0 : -1;
        if (panel.hidden !== isOpen) continue; // it is as it was
        panel.hidden = !isOpen;
        if (isOpen && key === "log") panel.scrollTop = panel.scrollHeight;
      }
    },
    thumbnails: wrong.thumbnails,
    /** Nothing here may change what runs for now; a budget may. */
    hold(reason) {
      for (const part of [measured, wrong, advice]) set(part.element, "inert", reason ? "" : null);
      for (const part of [explained, inside, sweep]) part.hold(reason);
    },
    update(of) {
      for (const { key, show, count } of parts) {
        const items = of[key];
        if (!items) continue;
        show(items);
        const told = { measured: items[0]?.records?.length, advice: items.length, log: items.length }[key];
        write(count, told ? ` ${told}` : "");
      }
    },
  };
}
