// Uses the npm package graphql-ws as a program would. Arguments: the address of the endpoint (ws:), a key or "" where the address has a ticket, then operations as JSON {query, variables, take},
// where take is how many results of a subscription are wanted. Each result is a line of JSON; an error that ends an operation is {"failed": ...}.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, key, ...operations] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  lazy: false,
  retryAttempts: 0,
  connectionParams: key ? { authorization: `Bearer ${key}` } : undefined,
  on: { connected: (_socket, payload) => console.log(JSON.stringify({ connected: payload ?? null })) },
});
for (const operation of operations.map(text => JSON.parse(text))) {
  try {
    let left = operation.take ?? Infinity;
    for await (const result of client.iterate({ query: operation.query, variables: operation.variables })) {
      console.log(JSON.stringify(result));
      if (--left === 0) {
        break;
      }
    }
    console.log(JSON.stringify({ complete: operation.take === undefined }));
  } catch (failure) {
    console.log(JSON.stringify({ failed: Array.isArray(failure) ? failure : { code: failure.code, reason: failure.reason } }));
  }
}
await client.dispose();
