// Verifies calls with standardwebhooks, and those that are CloudEvents with cloudevents too: node webhooks.mjs SECRET FILE, a call on each line of the file.
import { readFileSync } from 'node:fs';
import { HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';

const [secret, file] = process.argv.slice(2);
for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
  const { headers, body } = JSON.parse(line);
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const text = Buffer.from(body, 'base64').toString('utf8');
  try {
    new Webhook(secret).verify(text, lower);
  } catch {
    console.log(`refused ${lower['webhook-id']}`);
    continue;
  }
  if (lower['content-type'].startsWith('application/cloudevents+json')) {
    const event = HTTP.toEvent({ headers: lower, body: text });
    event.validate();
    console.log(`verified ${event.id} ${event.type} ${event.source} ${event.sequence} ${event.partitionkey} ${event.data.id}`);
  } else {
    const event = JSON.parse(text);
    console.log(`verified ${event.id} ${event.type}`);
  }
}
