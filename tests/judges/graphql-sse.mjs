// Uses the npm package graphql-sse in its distinct connections mode. Arguments: the address of the endpoint, a key, then operations as for graphql-ws.mjs.
import { createClient } from "graphql-sse";

const [url, key, ...operations] = process.argv.slice(2);
const client = createClient({ url, retryAttempts: 0, headers: { authorization: `Bearer ${key}` } });
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
    console.log(JSON.stringify({ failed: String(failure) }));
  }
}
client.dispose();
