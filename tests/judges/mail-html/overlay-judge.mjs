// Whether links of mails lie over the buttons of the page that shows them. Arguments: a directory for the profile, a file with JSON: [{name, raw, safe, document, address}], in which `address` shows
// the same as a page. The last line is JSON: for each mail the buttons that were covered as raw HTML, as the safe element, as a document in srcdoc, and as a page in src.
import { readFile } from "node:fs/promises";
import { withPage } from "../browser.mjs";

const [profile, file] = process.argv.slice(2);
const mails = JSON.parse(await readFile(file, "utf8"));

const host = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; font: 16px sans-serif }
  .row { display: flex; align-items: flex-start }
  .bar { display: flex; flex-wrap: wrap }
  .column { width: 150px; flex: none }
  button { width: 150px; height: 50px; margin: 0; flex: none }
  #mail { width: 500px; flex: none; min-height: 20px }
  iframe { width: 500px; height: 200px; border: 0; display: block }
</style>
<div class="bar">${"<button>above</button>".repeat(5)}</div>
<div class="row"><div class="column">${"<button>left</button>".repeat(4)}</div><div id="mail"></div><div class="column">${"<button>right</button>".repeat(4)}</div></div>
<div class="bar">${"<button>below</button>".repeat(5)}</div>`;

// A button is covered where an element that is not its own is what a click would hit.
const covered = page => page.evaluate(() => {
  const found = [];
  for (const button of document.querySelectorAll("button")) {
    button.scrollIntoView({ block: "nearest" });
    const box = button.getBoundingClientRect();
    const points = [[0.5, 0.5], [0.05, 0.1], [0.95, 0.1], [0.05, 0.9], [0.95, 0.9]].map(([x, y]) => [box.left + box.width * x, box.top + box.height * y]);
    const isHit = box.width > 0 && points.every(([x, y]) => document.elementFromPoint(x, y) === button);
    if (!isHit) {
      const at = document.elementFromPoint(...points[0]);
      found.push(`${button.textContent}: ${box.width > 0 ? at?.outerHTML.slice(0, 80) ?? "outside of the window" : "hidden"}`);
    }
  }
  return [...new Set(found)];
});

const seen = await withPage(profile, async context => {
  const page = await context.newPage();
  await page.setViewportSize({ width: 820, height: 900 });
  await page.route(/evil\.example/, route => route.abort());
  const results = [];
  for (const { name, raw, safe, document: whole, address } of mails) {
    const result = { name };
    for (const [kind, html] of [["raw", raw], ["safe", safe]]) {
      await page.setContent(host);
      await page.evaluate(html => { document.getElementById("mail").innerHTML = html; }, html);
      result[kind] = await covered(page);
    }
    for (const [kind, attribute, value] of [["srcdoc", "srcdoc", whole], ["src", "src", address]]) {
      await page.setContent(host);
      await page.evaluate(([attribute, value]) => new Promise(loaded => {
        const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
        frame.addEventListener("load", loaded);
        frame.setAttribute(attribute, value);
        document.getElementById("mail").append(frame);
      }), [attribute, value]);
      result[kind] = await covered(page);
    }
    results.push(result);
  }
  return results;
});
console.log(JSON.stringify(seen));
