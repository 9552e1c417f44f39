// What works in a sandboxed frame that shows a mail. The mail has a link to a place far below at its top, a picture of its own, one of https://pictures.example, and a link to https://link.example.
// Arguments: a directory for the profile, a file with JSON: {document, blocked, remote}: a page for srcdoc and two addresses. The last line is JSON: what was loaded, and what clicks did.
import { readFile } from "node:fs/promises";
import { withPage } from "../browser.mjs";

const [profile, file] = process.argv.slice(2);
const shown = JSON.parse(await readFile(file, "utf8"));

const seen = await withPage(profile, async context => {
  const results = {};
  for (const [kind, attribute, value] of [["srcdoc", "srcdoc", shown.document], ["blocked", "src", shown.blocked], ["remote", "src", shown.remote]]) {
    const page = await context.newPage();
    const loaded = [];
    const complaints = [];
    page.on("console", message => complaints.push(message.text()));
    page.on("response", response => /\/parts\//.test(response.url()) && loaded.push(`${response.status()} ${response.headers()["content-type"]}`));
    await page.route(/pictures\.example/, route => { loaded.push(`asked pictures.example with ${route.request().headers().referer ?? "no referrer"}`); return route.abort(); });
    await context.route(/link\.example/, route => route.fulfill({ contentType: "text/html", body: "<title>arrived</title>" }));
    await page.setContent("<!doctype html><body style='margin:0'></body>");
    await page.evaluate(([attribute, value]) => new Promise(done => {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
      frame.style = "width:600px;height:300px;border:0";
      frame.addEventListener("load", done);
      frame.setAttribute(attribute, value);
      document.body.append(frame);
    }), [attribute, value]);
    const clip = { x: 0, y: 0, width: 600, height: 300 };
    const before = await page.screenshot({ clip });
    const popup = context.waitForEvent("page");
    await page.mouse.click(300, 90);
    const opened = await popup;
    await opened.waitForLoadState();
    const arrived = await opened.title();
    await opened.close();
    const address = page.frames()[1].url();
    await page.mouse.click(300, 30);
    let moved = false;
    for (let i = 0; i < 100 && !moved; i++) moved = !before.equals(await page.screenshot({ clip }));
    // Playwright knows no address of a srcdoc before it has changed.
    const stayed = page.frames()[1].url().startsWith(`${address || "about:srcdoc"}#`);
    results[kind] = { loaded, arrived, moved, stayed, complaints };
    await page.close();
  }
  return results;
});
console.log(JSON.stringify(seen));
