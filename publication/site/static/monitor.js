// Four comforts. Without this script every page is complete: nothing here loads, counts or follows anything.
(() => {
  "use strict";

  // The switch for English headings is a checkbox that works by itself; here it is remembered from page to page.
  const english = document.getElementById("english");
  try {
    if (localStorage.getItem("english") === "yes") english.checked = true;
    english.addEventListener("change", () => localStorage.setItem("english", english.checked ? "yes" : "no"));
  } catch {
    // Private windows may refuse storage: the switch then holds for one page.
  }

  // On a phone a table with many columns becomes a block per row. Some screen readers then take it for no table, unless told.
  const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
  for (const table of document.querySelectorAll("table.stack")) {
    for (const part of [table, ...table.querySelectorAll("*")]) {
      const role = part.tagName === "TH" ? `${part.scope === "row" ? "row" : "column"}header` : roles[part.tagName];
      if (role) part.setAttribute("role", role);
    }
  }

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // Tables that may be sorted get a button in each heading; the first click sorts upwards, the second downwards.
  const keyOf = (row, index) => {
    const cell = row.cells[index];
    if (!cell) return "";
    const key = cell.dataset.sort ?? cell.textContent.trim();
    return key !== "" && !Number.isNaN(Number(key)) ? Number(key) : plain(key);
  };
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "nl");
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = [...table.tBodies[0].rows];
        // A row without a figure has one wide cell there; it stays below, whichever way is up.
        const keyed = rows.map((row) => [row.cells.length < heads.length && index > 1 ? "" : keyOf(row, index), row]);
        keyed.sort(([a], [b]) => (a === "" || b === "" ? compare(a, b) : (up ? 1 : -1) * compare(a, b)));
        table.tBodies[0].append(...keyed.map(([, row]) => row));
      });
    });
  }

  // Search narrows the list that is already there.
  const search = document.getElementById("search");
  if (search) {
    search.hidden = false;
    const entries = [...document.querySelectorAll("#entries > li")];
    const texts = entries.map((entry) => plain(`${entry.textContent} ${entry.dataset.words}`));
    const hits = document.getElementById("hits");
    document.getElementById("query").addEventListener("input", (event) => {
      const wanted = plain(event.target.value).split(/\s+/).filter(Boolean);
      let count = 0;
      entries.forEach((entry, index) => {
        const fits = wanted.every((word) => texts[index].includes(word));
        entry.hidden = !fits;
        count += fits;
      });
      hits.textContent = wanted.length === 0 ? "" : count === 1 ? "1 gevonden" : `${count} gevonden`;
    });
  }
})();
