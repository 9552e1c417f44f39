// The same request by pages of two origins. Arguments: a directory for the profile, the address of a list, a key, the port of the allowed origin, another port.
import { createServer } from "node:http";
import { withPage } from "./browser.mjs";

const [profile, list, key, ...ports] = process.argv.slice(2);
const servers = await Promise.all(ports.map(port => new Promise(resolve => {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<title>page</title>"));
  server.listen(Number(port), "127.0.0.1", () => resolve(server));
})));
const [allowed, other] = await withPage(profile, async context => {
  const seen = [];
  for (const port of ports) {
    const page = await context.newPage();
    const console = [];
    page.on("console", message => console.push(message.text()));
    await page.goto(`http://127.0.0.1:${port}/`);
    const got = await page.evaluate(async ([list, key]) => {
      try {
        const response = await fetch(list, { headers: { Authorization: `Bearer ${key}` } });
        return { status: response.status, items: (await response.json()).items.length, link: response.headers.get("Link"), server: response.headers.get("Cache-Control") };
      } catch (error) {
        // Without reading it, the browser would send the request anywhere: so it is the answer that is kept from the page.
        const reachable = await fetch(list, { mode: "no-cors" }).then(response => response.type);
        return { error: String(error), reachable };
      }
    }, [list, key]);
    seen.push({ ...got, console });
  }
  return seen;
});
servers.forEach(server => server.close());
console.log(JSON.stringify({ allowed, other }));
