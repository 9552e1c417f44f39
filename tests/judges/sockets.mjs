// Breaks graphql-transport-ws in every way there is, with raw WebSockets of the npm package ws. Arguments: the address of the endpoint (ws:), a key. Each case is a line: its name, the code
// and the reason it is closed with, or the status of the handshake.
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const init = { type: "connection_init", payload: { authorization: `Bearer ${key}` } };
const endless = id => ({ id, type: "subscribe", payload: { query: "subscription { allChanges { id } }" } });

/** Sends what there is to send, each after the acknowledgement where there is one to come, and waits for the end. */
function run(name, messages, { protocols = ["graphql-transport-ws"], options = {} } = {}) {
  return new Promise(resolve => {
    const socket = new WebSocket(url, protocols, options);
    const left = [...messages];
    const send = () => {
      while (left.length > 0) {
        const next = left.shift();
        socket.send(typeof next === "string" || Buffer.isBuffer(next) ? next : JSON.stringify(next));
        if (next.type === "connection_init") {
          return;
        }
      }
    };
    const end = text => {
      console.log(`${name}: ${text}`);
      resolve();
    };
    socket.on("open", send);
    socket.on("message", data => JSON.parse(data).type === "connection_ack" && send());
    socket.on("close", (code, reason) => end(`${code} ${reason}`));
    socket.on("unexpected-response", (request, response) => {
      // Else the connection is kept, and this program with it, until the server has had enough.
      request.destroy();
      end(`status ${response.statusCode}`);
    });
    socket.on("error", () => {});
  });
}

await Promise.all([
  run("no subprotocol", [], { protocols: [] }),
  run("another subprotocol", [], { protocols: ["graphql-ws"] }),
  run("no init", []),
  run("wrong key", [{ type: "connection_init", payload: { authorization: "Bearer nobody" } }]),
  run("no key", [{ type: "connection_init" }]),
  run("wrong key in the header", [init], { options: { headers: { authorization: "Bearer nobody" } } }),
  run("two inits", [init, init]),
  run("subscribe before init", [endless("1")]),
  run("no JSON", ["{"]),
  run("no object", ["[]"]),
  run("no type", ["{}"]),
  run("unknown type", [init, { type: "start", id: "1", payload: {} }]),
  run("subscribe without id", [init, { type: "subscribe", payload: { query: "{ __typename }" } }]),
  run("subscribe without query", [init, { id: "1", type: "subscribe", payload: {} }]),
  run("variables that are none", [init, { id: "1", type: "subscribe", payload: { query: "{ __typename }", variables: [] } }]),
  run("complete without id", [init, { type: "complete" }]),
  run("binary", [init, Buffer.from([1, 2, 3])]),
  run("an id twice", [init, endless("1"), endless("1")]),
  run("too large", [init, { id: "1", type: "subscribe", payload: { query: `{ __typename }${" ".repeat(200_000)}` } }]),
  run("a foreign page", [init], { options: { origin: "https://elsewhere.example" } }),
]);
