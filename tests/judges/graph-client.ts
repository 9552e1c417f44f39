// A program as a frontend developer would write it, with types made of schema/schema.graphql and its own operations by graphql-codegen. It is compiled under --strict and run against a gateway
// with an account of five messages; each line it prints is asserted by the test that starts it.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { CreateMailboxDocument, FollowDocument, InboxDocument, ReadMessageDocument, UpdateMessageDocument } from "./out/graph.js";
import type { FollowSubscription, InboxQuery, TypedDocumentString, UpdateMessageInput, UpdateMessageMutation } from "./out/graph.js";

declare const process: { argv: string[]; exit(code: number): never };

const [gateway, key, account] = process.argv.slice(2) as [string, string, string];

async function run<Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables): Promise<Result> {
  const response = await fetch(`${gateway}/graphql`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const answer = (await response.json()) as { data?: Result; errors?: { message: string }[] };
  if (!answer.data || answer.errors) {
    throw new Error(answer.errors?.map(error => error.message).join(", ") ?? "no data");
  }
  return answer.data;
}

type Messages = NonNullable<NonNullable<NonNullable<InboxQuery["account"]>["mailbox"]>["messages"]>;

async function page(after: string | null): Promise<Messages> {
  const { account: found } = await run(InboxDocument, { account, after });
  if (!found?.mailbox?.messages) {
    throw new Error("There is no inbox.");
  }
  return found.mailbox.messages;
}

const first = await page(null);
const second = await page(first.pageInfo.endCursor ?? null);
console.log("list:", [...first.nodes, ...second.nodes].map(message => message.subject).join(","), second.pageInfo.hasNextPage);

const newest = first.nodes[0];
if (!newest) {
  throw new Error("The inbox is empty.");
}
const { node } = await run(ReadMessageDocument, { id: newest.id });
if (node?.__typename !== "Message") {
  throw new Error("It is no message.");
}
console.log("read:", node.subject, node.body?.content?.trim(), new Date(node.receivedAt).getUTCFullYear() > 2000);

const made = await run(CreateMailboxDocument, { input: { account, name: "Done" } });
const done = made.createMailbox?.mailbox;

// Follow first, from before: what is done below is then told, however soon.
const socket = createClient({ url: `${gateway.replace(/^http/, "ws")}/graphql`, webSocketImpl: WebSocket, connectionParams: { authorization: `Bearer ${key}` } });
const changes = socket.iterate<FollowSubscription>({ query: FollowDocument.toString(), variables: { account, after: first.feedPosition } });

const flagged = await update({ id: newest.id, flags: { add: ["$flagged"] } });
console.log("flag:", flagged.message?.flags.join(","), flagged.errors.length);
const moved = await update({ id: newest.id, mailboxId: done?.id ?? null });
console.log("move:", moved.message?.mailbox?.path, moved.message?.id === newest.id);
const refused = await update({ id: newest.id, flags: { add: ["not a flag"] } });
console.log("refused:", refused.errors[0]?.code, refused.errors[0]?.path?.join("/"));

for await (const { data } of changes) {
  const change = data?.changes;
  switch (change?.__typename) {
    case "MessageFlagsChanged":
      console.log("told:", change.objectId === newest.id, change.added.join(","), change.flags.join(","));
      continue;
    case "MessageMoved":
      console.log("told:", change.objectId === newest.id, change.mailboxId === done?.id, change.fromMailboxId !== done?.id);
      break;
    default:
      throw new Error("Something else was told.");
  }
  break;
}
await socket.dispose();

async function update(input: UpdateMessageInput): Promise<NonNullable<UpdateMessageMutation["updateMessage"]>> {
  const { updateMessage } = await run(UpdateMessageDocument, { input });
  if (!updateMessage) {
    throw new Error("There is no payload.");
  }
  return updateMessage;
}

// What the compiler must refuse, so that the types are known to be narrow; an error that is not there is one itself.
// @ts-expect-error a variable that is missing
void (() => run(ReadMessageDocument, {}));
// @ts-expect-error a type that does not exist
void ((change: FollowSubscription["changes"]) => change.__typename === "MessageLost");
// @ts-expect-error null is no string
void ((message: Messages["nodes"][number]): string => message.subject);
