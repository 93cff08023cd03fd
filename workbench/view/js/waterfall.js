// What each setting brought, as the report draws it (workbench/report/waterfall.html.jinja): the same rows, words and style.

import { h } from "./elements.js";

const share = (value) => value.toFixed(5);

function changeWords([lead, old, now]) {
  return h("span", { class: "wf-change" }, `${lead} ${old} `, h("span", { class: "wf-to" }, "→"), " ", h("b", {}, now));
}

function waterfallLine(line, first, last) {
  const kinds = [`wf-${line.kind}`, line.grows && "wf-grows", first && "wf-first", last && "wf-last"].filter(Boolean);
  const small = (text, name = "") => (text ? [" ", h("small", { class: name }, text)] : []);
  const reversed = (text) => small(text && `in reverse ${text}`, "wf-reverse");
  const { whisker } = line;
  const apWords = h("span", { class: "wf-ap-words" }, h("small", { class: "wf-unit" }, "AP "), h("b", {}, line.ap), ...small(line.ap_between), ...small(line.verdict, "wf-verdict"), ...reversed(line.reverse_ap));
  return h("li", { class: kinds.join(" ") },
    h("span", { class: "wf-name" }, ...(line.name ? [h("b", {}, line.name)] : line.words.map(changeWords))),
    h("span", { class: "wf-track" }, h("i", { class: "wf-bar", style: `--left:${share(line.left)};--width:${share(line.width)}` })),
    h("span", { class: "wf-ms" }, ...small(line.ms_verdict), " ", h("b", {}, line.ms), ...small("ms", "wf-unit"), ...small(line.ms_between, "wf-between"), ...reversed(line.reverse_ms)),
    h("span", { class: "wf-ap", "data-verdict": line.verdict },
      ...(whisker ? [h("span", { class: "wf-whisker", style: `--low:${share(whisker.low)};--middle:${share(whisker.middle)};--high:${share(whisker.high)}` }, h("i"))] : []),
      ...(line.ap ? [apWords] : [])));
}

function waterfallHead() {
  return h("li", { class: "wf-head", "aria-hidden": "true" }, h("span"), h("span"), h("span", { class: "wf-ms" }, "ms a frame"),
    h("span", { class: "wf-ap" }, h("span", { class: "wf-ap-words" }, "AP")));
}

export function waterfall({ caption, sections, notes }) {
  const parts = sections.flatMap(({ note, lines }, at) => [
    ...(note ? [h("p", { class: "wf-wider" }, note)] : []),
    h("ol", {}, ...(at ? [] : [waterfallHead()]), ...lines.map((line, n) => waterfallLine(line, n === 0, n === lines.length - 1))),
  ]);
  const plain = !sections.some(({ lines }) => lines.some(({ whisker }) => whisker));
  return [h("p", {}, caption), h("div", { class: plain ? "waterfall without-whiskers" : "waterfall" }, ...parts),
    h("div", { class: "wf-notes" }, ...notes.map((note) => h("p", {}, note)))];
}
