"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const say = (text) => { byId("said").textContent = text; };

  // Charts -------------------------------------------------------------------------------------------------------------
  const figures = JSON.parse(byId("charts-data").textContent);
  const NAMES_FIT_PX = 560; // names in a narrower chart hide each other; a tap still tells them
  const PAPER_WIDTH_PX = 680; // A4 less its margins, at 96 dots an inch

  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };
  const themed = () => {
    const [ink, muted, line, paper] = ["--ink", "--muted", "--line", "--paper"].map(colour);
    const axis = (side) => ({ [`${side}.gridcolor`]: line, [`${side}.linecolor`]: line, [`${side}.tickfont.color`]: muted, [`${side}.title.font.color`]: muted });
    return { "font.color": ink, "hoverlabel.bgcolor": paper, "hoverlabel.bordercolor": muted, "hoverlabel.font.color": ink, ...axis("xaxis"), ...axis("yaxis") };
  };
  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent.trim()), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  // In a large report plotly is packed as the records are. Otherwise it is plain, and the charts are there before the page
  // counts as loaded: who prints or photographs it by program does not miss them.
  const loadPlotly = async () => {
    const script = document.createElement("script");
    script.textContent = await unpacked("plotly-source");
    document.head.append(script);
  };
  const drawn = [];
  const drawCharts = async () => {
    if (byId("plotly-source")) await loadPlotly();
    for (const [id, figure] of Object.entries(figures)) {
      const box = byId(id);
      if (!box) continue;
      Plotly.newPlot(box, figure.data, figure.layout, { displaylogo: false, displayModeBar: false, responsive: true, scrollZoom: false });
      Plotly.relayout(box, themed());
      if (box.clientWidth < NAMES_FIT_PX) Plotly.restyle(box, { textfont: { size: 1, color: "rgba(0,0,0,0)" } });
      drawn.push(box);
    }
    root.dataset.charts = String(drawn.length);
  };
  const themeCharts = () => drawn.forEach((box) => Plotly.relayout(box, themed()));
  drawCharts();

  // Light and dark -----------------------------------------------------------------------------------------------------
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const themeButton = byId("theme");
  const showTheme = () => { themeButton.setAttribute("aria-pressed", String(isDark())); themeButton.textContent = isDark() ? "Light" : "Dark"; themeCharts(); };
  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("workbench-theme", root.dataset.theme); } catch (_) { /* no storage on file:// */ }
    showTheme();
  });
  system.addEventListener("change", showTheme);
  showTheme();

  // Printing: paper is light and narrow, and nothing on it can be opened ------------------------------------------------
  let before = null;
  addEventListener("beforeprint", () => {
    before = { theme: root.dataset.theme, open: all("details").filter((details) => details.open) };
    root.dataset.theme = "light";
    all("details").forEach((details) => { details.open = true; });
    drawn.forEach((box) => Plotly.relayout(box, { ...themed(), width: PAPER_WIDTH_PX, autosize: false }));
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    if (before.theme) root.dataset.theme = before.theme; else delete root.dataset.theme;
    all("details").forEach((details) => { details.open = before.open.includes(details); });
    drawn.forEach((box) => Plotly.relayout(box, { ...themed(), width: null, autosize: true }));
    before = null;
  });
  byId("print").addEventListener("click", () => print());

  // Before and after ---------------------------------------------------------------------------------------------------
  const chooser = byId("choose-right");
  chooser?.addEventListener("change", () => {
    all("[data-panel]").forEach((panel) => { panel.hidden = panel.dataset.panel !== chooser.value; });
  });
  const frameButtons = all("[data-frame]");
  const showFrame = (number) => {
    frameButtons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.frame === number)));
    all("[data-frame-pair]").forEach((pair) => { pair.hidden = pair.dataset.framePair !== number; });
  };
  frameButtons.forEach((button) => button.addEventListener("click", () => showFrame(button.dataset.frame)));

  // Worst frames -------------------------------------------------------------------------------------------------------
  all(".error-class").forEach((select) => select.addEventListener("change", () => {
    all("figure", select.closest("[data-panel]")).forEach((figure) => {
      figure.hidden = select.value !== "" && !figure.dataset.classes.split(" ").includes(select.value);
    });
  }));

  all(".error-frames button").forEach((button) => button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
  }));

  // Tables ---------------------------------------------------------------------------------------------------------------
  const key = (row, column) => row.cells[column].dataset.sort;
  const compare = (a, b) => (Number.isNaN(Number(a)) || Number.isNaN(Number(b)) ? a.localeCompare(b) : Number(a) - Number(b));
  const sortBy = (table, headers, column, direction) => {
    const rows = all("tbody tr", table);
    const sorted = rows.sort((one, other) => {
      const [a, b] = [key(one, column), key(other, column)];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined); // no figure: last, either way
      return direction * compare(a, b);
    });
    table.tBodies[0].append(...sorted);
    table.dispatchEvent(new Event("sorted"));
    headers.forEach((header) => header.removeAttribute("aria-sort"));
    headers[column].setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    say(`Sorted by ${headers[column].textContent.trim()}, ${direction > 0 ? "ascending" : "descending"}`);
  };
  all("table.sortable").forEach((table) => {
    const headers = all("thead tr:last-child th", table);
    headers.forEach((header, column) => header.querySelector("button").addEventListener("click", () => {
      sortBy(table, headers, column, header.getAttribute("aria-sort") === "ascending" ? -1 : 1);
    }));
  });

  // Pages and a filter for what has more rows than a reader takes in -----------------------------------------------------
  const paged = (list) => {
    const most = Number(list.dataset.paged);
    const body = list.tBodies?.[0] ?? list;
    if (body.children.length <= most) return;
    const make = (tag, attributes, text = "") => Object.assign(document.createElement(tag), attributes, { textContent: text });
    const filter = make("input", { type: "search", placeholder: "words, such as int8 320", ariaLabel: `Show only ${list.dataset.what} with these words` });
    const [back, on] = [["Earlier", -1], ["Later", 1]].map(([word, by]) => {
      const button = make("button", { type: "button", ariaLabel: `${word} ${list.dataset.what}` }, by < 0 ? "‹" : "›");
      button.addEventListener("click", () => { page += by; show(); });
      return button;
    });
    const place = make("span", { role: "status" });
    const bar = make("div", { className: "controls pages" });
    bar.append(filter, back, on, place);
    (list.closest(".scroll") ?? list).before(bar);
    let page = 0;
    const show = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...body.children];
      const found = rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word)));
      page = Math.max(0, Math.min(page, Math.ceil(found.length / most) - 1));
      const shown = new Set(found.slice(page * most, (page + 1) * most));
      rows.forEach((row) => { row.hidden = !shown.has(row); });
      back.disabled = page === 0;
      on.disabled = (page + 1) * most >= found.length;
      const of = found.length === rows.length ? "" : `, chosen of ${rows.length}`;
      place.textContent = found.length ? `${page * most + 1} to ${page * most + shown.size} of ${found.length}${of}` : `none of ${rows.length}`;
    };
    filter.addEventListener("input", () => { page = 0; show(); });
    list.addEventListener("sorted", () => { page = 0; show(); });
    show();
  };
  all("[data-paged]").forEach(paged);

  // Copying: the clipboard API needs https, a file has only the old way --------------------------------------------------
  const copyOldWay = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };
  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch (_) { return copyOldWay(text); }
  };
  all("[data-copy]").forEach((button) => button.addEventListener("click", async () => {
    const done = await copy(byId(button.dataset.copy).textContent);
    button.textContent = done ? "Copied" : "Select it";
    say(done ? "Copied" : "Copying is not allowed here: select the command instead");
    button.focus();
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  }));

  // Raw data: unpacked here, with each picture's text put back from where the page shows it -------------------------------
  const PREFIX = "data:image/jpeg;base64,";
  const records = async () => {
    const rows = JSON.parse(await unpacked("raw-data"));
    for (const picture of rows.flatMap((row) => [...row.pictures, ...row.worst.map((one) => one.picture)])) {
      if (!picture.picture_key) continue;
      picture.jpeg_base64 = byId(picture.picture_key).getAttribute("href").slice(PREFIX.length);
      delete picture.picture_key;
    }
    return rows;
  };
  byId("download").addEventListener("click", async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(await records())], { type: "application/json" }));
    link.download = "records.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say("records.json is ready");
  });
})();
