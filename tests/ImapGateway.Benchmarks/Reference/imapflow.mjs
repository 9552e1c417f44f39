// The newest messages of an inbox by imapflow, one session, behind a bare HTTP server. Arguments: IMAP port, user, password, how many messages.
import { createServer } from "node:http";
import { ImapFlow } from "imapflow";

const [port, user, pass, page] = process.argv.slice(2);
const client = new ImapFlow({ host: "127.0.0.1", port: Number(port), secure: false, doSTARTTLS: false, auth: { user, pass }, logger: false });
await client.connect();
await client.mailboxOpen("INBOX", { readOnly: true });

async function newest() {
  const last = client.mailbox.exists;
  const items = [];
  for await (const message of client.fetch(`${Math.max(1, last - Number(page) + 1)}:${last}`,
    { uid: true, flags: true, internalDate: true, size: true, envelope: true, bodyStructure: true, headers: ["references"] })) {
    const { uid, flags, internalDate, size, envelope, bodyStructure, headers } = message;
    items.push({ uid, flags: [...flags], receivedAt: internalDate, size, envelope, bodyStructure, references: headers.toString() });
  }
  return { items: items.reverse() };
}

const server = createServer(async (request, response) => {
  try {
    const body = JSON.stringify(await newest());
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
  } catch (failure) {
    response.writeHead(500).end(String(failure));
  }
});
server.listen(0, "127.0.0.1", () => console.log(`Now listening on: http://127.0.0.1:${server.address().port}`));
