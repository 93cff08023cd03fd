// The figures beside the picture: the big number, key figures, noise, stage bars, the last seconds.

import { MISSING, formatMs, h, inkOn, list, s, set, stageWord, write } from "./elements.js";

const HISTORY_SECONDS = 20;
const STOOD_SECONDS = 1.5; // without a frame: it was paused or something was measured, and no line joins what lies on either side

export function headline() {
  const cell = (role, words, ...more) => {
    const value = h("dd", { class: "value", "data-role": role }, MISSING);
    const label = more.length ? h("dt", { tabindex: "0" }, h("span", { class: "fold" }, words, ...more)) : h("dt", {}, words);
    return { value, element: h("div", { class: `cell is-${role}` }, label, value) };
  };
  const name = h("span", { class: "running", "data-role": "running" });
  const other = h("span", { "data-role": "headline-against" });
  const latency = cell("headline-latency", "a frame", name);
  const fps = cell("fps", "throughput");
  const versus = cell("headline-versus", "against ", other);
  return {
    element: h("dl", { class: "headline" }, latency.element, fps.element, versus.element),
    update({ headline: now, name: running, pinned }) {
      write(name, running ? `, ${running}` : "");
      write(other, now.against || "the pinned setting");
      write(latency.value, now.latency ?? MISSING);
      write(fps.value, now.fps ?? MISSING);
      write(versus.value, now.versus ?? now.verdict ?? (pinned ? "not known yet" : "nothing pinned"));
      set(versus.value, "data-verdict", now.verdict ?? (now.versus ? "" : "none"));
    },
  };
}

export function figures() {
  const element = h("dl", { class: "figures", "data-role": "figures" });
  const update = list(element, ({ label }) => label, ({ label }) => {
    const value = h("span", { class: "number" });
    const change = h("span", { class: "change" });
    return {
      element: h("div", { "data-figure": label }, h("dt", {}, label), h("dd", {}, value, change)),
      update(figure) {
        set(this.element, "title", figure.title);
        write(value, figure.value ?? MISSING);
        write(change, figure.change ? ` ${figure.change}` : "");
      },
    };
  });
  return { element, update };
}

export function noise() {
  const word = h("b");
  const reasons = h("span", { class: "reasons" });
  const line = h("span", { class: "fold" }, h("i", { class: "lamp", "aria-hidden": "true" }), word, reasons);
  const element = h("p", { class: "noise", "data-role": "noise", tabindex: "0" }, line);
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
export function stageBars(desk) {
  const rows = BARS.map(([key, words]) => {
    const name = h("small");
    const bar = h("div", { class: "stage-bar", role: "img", "data-role": `bar-${key}` });
    const total = h("span", { class: "total" });
    const element = h("div", { class: "bar-row" }, h("span", { class: "bar-name" }, h("b", {}, words), " ", name), total, bar);
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
    set(bar, "aria-label", told ? `${key}, ${budget.name}: ${told}` : `${key}: nothing yet`);
    const none = budget ? "not played yet" : key === "pinned" ? "nothing pinned" : "nothing measured yet";
    if (!told) bar.append(h("span", { class: "none" }, none));
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
    element: h("div", { class: "stage-bars", role: "group", "aria-label": "Stages of a frame" }, ...rows.map((row) => row.element), table),
    update(status, order, colours) { latest = { status, order, colours }; show(); },
  };
}

/** The next of 1, 2, 5, 10, … above a value, so that the axis rarely changes. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((one) => one >= value);
}

export function historyLine() {
  const line = s("path", { class: "line" });
  const pinned = s("line", { class: "pinned", x1: 0, x2: 100 });
  const top = h("span", { class: "top" });
  const last = h("span", { class: "last" });
  const word = h("span", { class: "pinned-word" }, "pinned");
  const drawing = s("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, pinned, line);
  const plot = h("div", { class: "plot", role: "img", "data-role": "history" }, drawing, word);
  return {
    element: h("div", { class: "history", role: "group", "aria-label": "Recent times" },
      h("p", { class: "title" }, `ms a frame, the last ${HISTORY_SECONDS} s`, last),
      h("div", { class: "axis" }, top, h("span", {}, "0")), plot),
    update({ seconds, ms, pinned_ms: pinnedMs }) {
      const highest = roundUp(Math.max(...ms, pinnedMs ?? 0, 0.1) * 1.05);
      const now = seconds.at(-1) ?? 0;
      const y = (value) => (100 - (value / highest) * 100).toFixed(2);
      const stood = (at) => seconds[at] - seconds[at - 1] > Math.max(STOOD_SECONDS, (3 * ms[at]) / 1000);
      set(line, "d", ms.map((value, at) =>
        `${at && !stood(at) ? "L" : "M"}${(100 - ((now - seconds[at]) / HISTORY_SECONDS) * 100).toFixed(2)},${y(value)}`).join(""));
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
