// What comes out: report and copied text.

import { h, uniqueId, write } from "./elements.js";

export function outputs(desk) {
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

export async function copyText(text) {
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
