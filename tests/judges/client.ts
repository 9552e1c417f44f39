// A program as a user would write it, with types made of schema/openapi.json by openapi-typescript. It is compiled under --strict and run against a
// gateway with a mailbox of seven messages; each line it prints is asserted by the test that starts it.
import createClient from "openapi-fetch";
import type { components, paths } from "./out/api.js";

declare const process: { argv: string[] };

type Message = components["schemas"]["Message"];
type Problem = components["schemas"]["Problem"];

const [baseUrl, key, port, user, password] = process.argv.slice(2) as [string, string, string, string, string];

const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

/** The data of an answer, or an error that says what went wrong. */
function must<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) {
    throw new Error(answer.error ? `${answer.error.code}: ${answer.error.detail}` : "no data");
  }
  return answer.data;
}

/** What a program does about an error: the compiler knows every code there is. */
function advice(problem: Problem): string {
  switch (problem.code) {
    case "account.auth_failed":
      return `ask for a new password (${problem.upstream?.code ?? "no code"})`;
    case "account.busy":
    case "account.throttled":
    case "account.limit":
    case "rate_limited":
      return "try again later";
    case "bad_request":
      return `mend ${problem.errors?.map(error => error.parameter ?? error.pointer).join(", ")}`;
    default:
      return problem.detail;
  }
}

const settings: components["schemas"]["AccountInput"] = {
  name: "client",
  email: user,
  metadata: { customer: "4711" },
  watch: "none",
  imap: { host: "127.0.0.1", port: Number(port), security: "none", username: user, password },
};

const refused = await api.POST("/v1/accounts", { body: { ...settings, imap: { ...settings.imap, password: "wrong" } } });
console.log("refused:", refused.response.status, refused.error && advice(refused.error));

const account = must(await api.POST("/v1/accounts", { body: settings, params: { header: { "Idempotency-Key": `client-${user}` } } }));
console.log("account:", account.email, account.state, account.imap.security, account.metadata["customer"]);

const mailboxes = must(await api.GET("/v1/accounts/{account}/mailboxes", { params: { path: { account: account.id } } }));
const inbox = mailboxes.items.find(mailbox => mailbox.role === "inbox");
console.log("inbox:", inbox?.total, inbox?.unseen);

const subjects: (string | null)[] = [];
let first: Message | undefined;
let pages = 0;
let cursor: string | null | undefined;
do {
  const page = must(
    await api.GET("/v1/accounts/{account}/mailboxes/{mailbox}/messages", {
      params: { path: { account: account.id, mailbox: "inbox" }, query: { limit: 3, ...(cursor ? { cursor } : {}) } },
    }),
  );
  first ??= page.items[0];
  subjects.push(...page.items.map(message => message.subject));
  cursor = page.nextCursor;
  pages++;
} while (cursor !== null);
console.log("pages:", pages, subjects.join(","));

const short = must(
  await api.GET("/v1/accounts/{account}/mailboxes/{mailbox}/messages", {
    params: { path: { account: account.id, mailbox: "inbox" }, query: { limit: 1, fields: ["subject", "flags"] } },
    querySerializer: { array: { style: "form", explode: false } },
  }),
);
console.log("fields:", Object.keys(short.items[0] ?? {}).join(","));

if (first === undefined) {
  throw new Error("The mailbox is empty.");
}
const path = { account: account.id, id: first.id };
const read = must(await api.GET("/v1/accounts/{account}/messages/{id}", { params: { path } }));
const from: string | undefined = read.from[0]?.address;
console.log("read:", read.subject, from, read.date === null ? "no date" : new Date(read.date).getUTCFullYear() > 2000, read.attachments.length);

const flagged = must(await api.PATCH("/v1/accounts/{account}/messages/{id}", { params: { path }, body: { flags: { add: ["$flagged"] } } }));
console.log("flags:", flagged.flags.join(","), flagged.id === first.id);

const gone = await api.GET("/v1/accounts/{account}/messages/{id}", { params: { path: { ...path, id: "m_aaaaaaaab" } } });
console.log("gone:", gone.response.status, gone.error?.code);

const malformed = await api.GET("/v1/accounts/{account}/mailboxes/{mailbox}/messages", {
  params: { path: { account: account.id, mailbox: "inbox" }, query: { limit: 501 } },
});
console.log("malformed:", malformed.response.status, malformed.error && advice(malformed.error));

const removed = await api.DELETE("/v1/accounts/{account}", { params: { path: { account: account.id } } });
console.log("removed:", removed.response.status);

// What the compiler must refuse, so that the types are known to be narrow; an error that is not there is one itself.
// @ts-expect-error a name that is no member
void ((input: components["schemas"]["AccountInput"]) => input.emial);
// @ts-expect-error a flag's name belongs into a list
void ({ flags: { add: "$seen" } } satisfies components["schemas"]["MessagePatch"]);
// @ts-expect-error no such code
void ((problem: Problem) => problem.code === "oops");
// @ts-expect-error null is no string
void ((message: Message): string => message.subject);
