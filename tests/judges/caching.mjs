// Reads with the npm package make-fetch-happen, a caching HTTP client. Arguments: an empty directory, the address of the gateway, a key, and paths: of a list, of a
// message on it, and of the message as it was sent. Each answer is a line: what was read, the cache's word for where it came from, and the flags it shows.
import fetch from "make-fetch-happen";

const [cachePath, gateway, key, list, message, raw] = process.argv.slice(2);
const headers = { authorization: `Bearer ${key}` };
const cached = fetch.defaults({ cachePath, headers, retry: false });

async function read(path) {
  const answer = await cached(gateway + path);
  const text = await answer.text();
  const flags = path === raw ? [] : (path === list ? JSON.parse(text).items[0] : JSON.parse(text)).flags;
  console.log([path === raw ? "raw" : path === list ? "list" : "message", answer.status, answer.headers.get("x-local-cache-status"), ...flags].join(" "));
}

for (const path of [list, list, message, message, raw, raw]) {
  await read(path);
}
const changed = await globalThis.fetch(gateway + message, {
  method: "PATCH",
  headers: { ...headers, "content-type": "application/json" },
  body: JSON.stringify({ flags: { add: ["$flagged"] } }),
});
console.log(`patch ${changed.status}`);
for (const path of [list, list, message, message, raw]) {
  await read(path);
}
