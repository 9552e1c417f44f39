// How mails look as they were sent, and as the gateway shows them. Arguments: a directory for the profile, a file with JSON: [{name, raw, safe, document}], a directory for pictures of them.
// The last line is JSON: for each mail and form the pieces of text whose colour, background, size of font or visibility differs from the original.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withPage } from "../browser.mjs";

const [profile, file, pictures] = process.argv.slice(2);
const mails = JSON.parse(await readFile(file, "utf8"));

// Each piece of text with what a reader sees of it. Pieces are found by their words: elements of the gateway stand between those of the mail.
const texts = page => page.evaluate(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.replace(/\s+/g, " ").trim();
    const element = walker.currentNode.parentElement;
    if (!text || element.closest("style,script,title,noscript")) continue;
    const style = getComputedStyle(element);
    let background = "none";
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor, backgroundImage } = getComputedStyle(at);
      if (backgroundImage.includes("gradient")) { background = backgroundImage; break; }
      if (!/rgba\(.*, 0\)/.test(backgroundColor)) { background = backgroundColor; break; }
    }
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    let visible = style.visibility === "visible" && box.width > 0 && box.height > 0;
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const own = getComputedStyle(at);
      if (own.opacity === "0" || own.clip !== "auto" || (own.overflow !== "visible" && (at.clientHeight === 0 || at.clientWidth === 0) && own.display !== "inline")) visible = false;
    }
    visible &&= box.right > 0 && box.bottom > 0;
    found.push(visible ? { text, color: style.color, background, weight: style.fontWeight, size: style.fontSize, align: style.textAlign } : { text, hidden: true });
  }
  return found;
});

const differences = (original, ours) => {
  const found = [];
  for (let i = 0; i < Math.max(original.length, ours.length); i++) {
    if (JSON.stringify(original[i]) !== JSON.stringify(ours[i])) found.push({ original: original[i], ours: ours[i] });
  }
  return found;
};

const seen = await withPage(profile, async context => {
  const results = [];
  for (const { name, raw, safe, document: whole } of mails) {
    const shown = {};
    const loaded = [];
    for (const [scheme, width] of [["light", 800], ["dark", 800], ["light", 400]]) {
      for (const [kind, html] of [["original", raw], ["safe", `<!doctype html><meta charset="utf-8">${safe}`], ["document", whole]]) {
        const page = await context.newPage();
        await page.setViewportSize({ width, height: 1000 });
        await page.emulateMedia({ colorScheme: scheme });
        await page.route(/^http/, route => { if (kind !== "original") loaded.push(route.request().url()); return route.abort(); });
        await page.setContent(html, { waitUntil: "domcontentloaded" });
        shown[`${kind} ${scheme} ${width}`] = await texts(page);
        if (pictures) await page.screenshot({ path: join(pictures, `${name}-${scheme}-${width}-${kind}.png`), fullPage: true });
        await page.close();
      }
    }
    const result = { name, texts: shown["original light 800"].length, visible: shown["original light 800"].filter(text => !text.hidden).length, loaded };
    result.safe = differences(shown["original light 800"], shown["safe light 800"]);
    result.document = ["light 800", "dark 800", "light 400"].flatMap(view => differences(shown[`original ${view}`], shown[`document ${view}`]).map(one => ({ view, ...one })));
    results.push(result);
  }
  return results;
});
console.log(JSON.stringify(seen));
