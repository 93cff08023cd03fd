// What is inside the network: a button that times its operators, and where their time goes.

import { button, h, set, write } from "./elements.js";

function cellsTable({ caption, headings, rows }) {
  const figure = (at) => (headings[at][1] ? "n" : "");
  const cells = (row) => row.map((cell, at) => (at ? h("td", { class: figure(at) }, cell) : h("th", { scope: "row" }, cell)));
  return h("details", { "data-role": "inside-table" }, h("summary", {}, caption),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      h("table", { class: "records plain" },
        h("thead", {}, h("tr", {}, ...headings.map(([words], at) => h("th", { scope: "col", class: figure(at) }, words)))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, ...cells(row)))))));
}

function drawn({ name, sums, lints, tables }) {
  const parts = tables.map(cellsTable);
  parts[0].open = true;
  return [
    h("p", {}, h("b", {}, name)), ...sums.map((line) => h("p", { class: "muted" }, line)),
    ...(lints.length ? [h("ul", { class: "lints", "data-role": "lints" }, ...lints.map((line) => h("li", {}, line)))] : []), ...parts,
  ];
}

export function insideTab(desk) {
  const begin = button("profile", () => desk.send("profile"), { class: "small primary" }, "Look inside");
  const about = h("span", { class: "muted", "data-role": "inside-about" });
  const picture = h("div", { "data-role": "inside" });
  const empty = h("p", { class: "empty" },
    "No network was looked into yet. Look inside times each operator of the network that runs, and says which take most of it and why.");
  let [shown, held, reason] = ["", null, null];
  const enable = () => {
    begin.disabled = Boolean(held || reason);
    set(begin, "title", held ?? reason);
  };
  return {
    element: h("div", { class: "inside" }, h("div", { class: "begin" }, begin, about), picture, empty),
    hold(why) { held = why; enable(); },
    update([state]) {
      reason = state.reason;
      write(about, state.reason ?? state.about ?? "");
      enable();
      empty.hidden = Boolean(state.picture);
      const now = JSON.stringify(state.picture);
      if (now !== shown) picture.replaceChildren(...(state.picture ? drawn(state.picture) : []));
      shown = now;
    },
  };
}
