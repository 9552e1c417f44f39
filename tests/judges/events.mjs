// Follows a feed with the npm package eventsource. Arguments: the address of the stream, how many events to wait for. Each event is a line of JSON.
import { EventSource } from "eventsource";

const [address, count] = process.argv.slice(2);
let left = Number(count);
const source = new EventSource(address);
source.addEventListener("open", () => console.log("open"));
for (const type of ["message.added", "message.removed", "mailbox.added", "account.removed", "reset"]) {
  source.addEventListener(type, event => {
    console.log(JSON.stringify({ id: event.lastEventId, type: event.type, data: event.data }));
    if (--left === 0) {
      source.close();
    }
  });
}
