// GraphiQL as a person uses it. Arguments: a directory for the profile, the gateway's address, a key. It ends when a subscription has shown the change with the sequence 2. The last line is
// JSON: the answers, complaints of the browser, what was asked of other hosts, and where the key was kept.
import { withPage } from "./browser.mjs";

const [profile, gateway, key] = process.argv.slice(2);
const seen = await withPage(profile, async context => {
  const page = await context.newPage();
  const errors = [];
  const elsewhere = [];
  page.on("console", message => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", error => errors.push(String(error)));
  page.on("request", request => /^(https?|wss?):/.test(request.url()) && new URL(request.url()).host !== new URL(gateway).host && elsewhere.push(request.url()));
  await page.goto(`${gateway}/graphql/ui`);
  await page.fill("#key", key);
  await page.click("#access button");
  await page.waitForSelector(".graphiql-query-editor .CodeMirror");

  const run = async text => {
    await page.evaluate(text => document.querySelector(".graphiql-query-editor .CodeMirror").CodeMirror.setValue(text), "");
    await page.click(".graphiql-query-editor .CodeMirror");
    // Typed as one piece: an editor that closes brackets by itself would close those that are there twice.
    await page.keyboard.insertText(text);
    // For a moment it still offers the choice between the operations that were there before.
    await page.click("button.graphiql-execute-button:not([aria-haspopup])");
  };
  const shown = () => page.evaluate(() => document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? "");
  const shows = async part => {
    await page.waitForFunction(part => (document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? "").includes(part), part);
    return shown();
  };

  await run("{ accounts { nodes { id } } }");
  const query = JSON.parse(await shows("nodes"));
  await page.click("[aria-label='Show Documentation Explorer']");
  await page.waitForSelector(".graphiql-doc-explorer-content");
  const documented = (await page.textContent(".graphiql-doc-explorer-content")).includes("Subscription");

  await run("subscription { allChanges { sequence } }");
  await shows("sequence");
  const followed = JSON.parse(await shows('"2"'));
  await page.click("button.graphiql-execute-button");
  const kept = await page.evaluate(key => ({
    session: Object.values(sessionStorage).some(value => value.includes(key)),
    local: Object.values(localStorage).some(value => value.includes(key)),
    cookie: document.cookie,
  }), key);
  return { query, documented, followed, kept, errors, elsewhere };
});
console.log(JSON.stringify(seen));
