// A headless Chromium that ends with this program. What a page needs is local; nothing of the browser's own goes out.
import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

export async function withPage(profile, act) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  context.setDefaultTimeout(60_000);
  try {
    return await act(context);
  } finally {
    await context.close();
  }
}
