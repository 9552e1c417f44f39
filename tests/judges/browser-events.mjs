// Follows a feed with Chromium's EventSource, on a page of another origin. Arguments: a directory for the profile, the port of the page, the address of the stream, how many
// events to wait for. Each event is a line of JSON.
import { createServer } from "node:http";
import { withPage } from "./browser.mjs";

const [profile, port, address, count] = process.argv.slice(2);
const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<title>page</title>"));
await new Promise(resolve => server.listen(Number(port), "127.0.0.1", resolve));
await withPage(profile, async context => {
  const page = await context.newPage();
  await page.exposeFunction("tell", line => console.log(line));
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.evaluate(([address, count]) => new Promise(resolve => {
    let left = count;
    const source = new EventSource(address);
    source.addEventListener("open", () => window.tell("open"));
    for (const type of ["message.added", "message.removed", "mailbox.added", "account.removed", "reset"]) {
      source.addEventListener(type, async event => {
        await window.tell(JSON.stringify({ id: event.lastEventId, type: event.type, data: event.data }));
        if (--left === 0) {
          source.close();
          resolve();
        }
      });
    }
  }), [address, Number(count)]);
});
server.close();
