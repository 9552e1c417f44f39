// The page that docs/graphql.md shows, in Chromium. Arguments: a directory for the profile, the file of the page, the port to serve it at, a key, what the newest item is to say in the end. It prints the items.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { withPage } from "./browser.mjs";

const [profile, file, port, key, newest] = process.argv.slice(2);
const server = createServer((request, response) => request.url === "/inbox.html" ? response.setHeader("Content-Type", "text/html").end(readFileSync(file)) : response.writeHead(404).end());
await new Promise(resolve => server.listen(Number(port), "127.0.0.1", resolve));
await withPage(profile, async context => {
  const page = await context.newPage();
  page.on("pageerror", error => console.log(String(error)));
  page.on("dialog", dialog => dialog.accept(key));
  await page.goto(`http://127.0.0.1:${port}/inbox.html`);
  await page.waitForFunction(newest => document.querySelector("#inbox li")?.textContent.includes(newest), newest);
  for (const text of await page.$$eval("#inbox li", items => items.map(item => item.textContent))) {
    console.log(text);
  }
});
server.close();
