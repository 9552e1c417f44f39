// Runs all audits of the npm package graphql-http. Arguments: the address of the GraphQL endpoint, and a key. Each audit is a line: its outcome, its id and name; a
// failed one says why.
import { serverAudits } from "graphql-http";

const [url, key] = process.argv.slice(2);
const fetchFn = (address, init = {}) => fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });

for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  console.log([result.status, result.id, result.name, result.reason ?? ""].join(" | "));
}
