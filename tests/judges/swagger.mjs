// The page for people. Arguments: a directory for the profile, the gateway's address, a key.
import { withPage } from "./browser.mjs";

const [profile, gateway, key] = process.argv.slice(2);
const seen = await withPage(profile, async context => {
  const page = await context.newPage();
  const errors = [];
  const elsewhere = [];
  page.on("console", message => ["error", "warning"].includes(message.type()) && errors.push(message.text()));
  page.on("pageerror", error => errors.push(String(error)));
  page.on("request", request => /^https?:/.test(request.url()) && !request.url().startsWith(gateway) && elsewhere.push(request.url()));
  await page.goto(`${gateway}/swagger`);
  await page.waitForSelector(".opblock");
  const operations = await page.$$eval(".opblock .opblock-summary-operation-id", all => all.map(one => one.textContent.replaceAll("\u200b", "")));
  const title = await page.title();

  // As a person would: give the key, open an operation, try it.
  await page.click(".btn.authorize");
  await page.fill(".auth-container input", key);
  await page.click(".auth-container button[type=submit]");
  await page.click(".auth-container .btn-done");
  await page.click("#operations-Accounts-listAccounts .opblock-summary-control");
  await page.click("#operations-Accounts-listAccounts .try-out__btn");
  await page.click("#operations-Accounts-listAccounts .execute");
  const status = await page.textContent("#operations-Accounts-listAccounts .live-responses-table tbody .response-col_status");
  const asked = (await page.textContent("#operations-Accounts-listAccounts .request-url pre")).trim();
  return { title, asked, operations, tried: parseInt(status, 10), url: page.url(), errors, elsewhere };
});
console.log(JSON.stringify(seen));
