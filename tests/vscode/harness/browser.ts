/** One Chromium for all tests, with fonts of its own so that screenshots look the same on every machine. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import { install } from "../install.mjs";
import { HERE, scratch } from "./paths.ts";

let browser: Promise<Browser> | undefined;

/** @throws Error that says what to do, where no browser can run. */
export function theBrowser(): Promise<Browser> {
  browser ??= launch();
  return browser;
}

export async function closeBrowser(): Promise<void> {
  const opened = browser;
  browser = undefined;
  await (await opened?.catch(() => undefined))?.close();
}

async function launch(): Promise<Browser> {
  const { chromium: bundled } = await install({ browser: true });
  const failures: string[] = [];
  for (const candidate of candidates(bundled)) {
    try {
      return await chromium.launch({
        ...candidate,
        args: ARGUMENTS,
        env: { ...process.env, ...candidate.env, FONTCONFIG_FILE: fontConfiguration() },
      });
    } catch (error) {
      failures.push(whyNot(error));
    }
  }
  throw new Error(
    `No browser can run here, and the tests in VS Code need one. Set CHROME_PATH to a Chrome or Chromium.\n\n${failures.join("\n\n")}`,
  );
}

function candidates(bundled: string | undefined): LaunchOptions[] {
  if (process.env.CHROME_PATH) return [{ executablePath: process.env.CHROME_PATH }];
  if (bundled) return [{ executablePath: bundled, env: { LD_LIBRARY_PATH: join(dirname(bundled), "lib") } }];
  // None of our own (macOS, Windows, ARM): those of the system, where they usually are.
  return [{ channel: "chrome" }, { channel: "msedge" }];
}

/** What the browser itself said, without Playwright's account of how it was called. */
function whyNot(error: unknown): string {
  const [said = ""] = String(error).split("Call log:");
  return said.replaceAll(/^<launch.*\n/gm, "").trim();
}

const ARGUMENTS = [
  "--no-sandbox", // CI runs as root in a container. It only ever opens pages from this machine.
  "--disable-gpu",
  "--font-render-hinting=none",
];

/** Inter for the interface, JetBrains Mono for code; nothing from the system. */
function fontConfiguration(): string {
  const file = join(scratch("fonts"), "fonts.conf");
  const families = {
    "system-ui": "Inter",
    "sans-serif": "Inter",
    sans: "Inter",
    monospace: "JetBrains Mono",
  };
  const packages = ["inter", "jetbrains-mono"].map((name) =>
    join(HERE, "node_modules", "@expo-google-fonts", name),
  );
  writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>` +
      packages.map((folder) => `<dir>${folder}</dir>`).join("") +
      `<cachedir>${dirname(file)}/cache</cachedir>` +
      Object.entries(families)
        .map(([from, to]) => alias(from, to))
        .join("") +
      `</fontconfig>`,
  );
  return file;
}

function alias(from: string, to: string): string {
  return `<alias binding="strong"><family>${from}</family><prefer><family>${to}</family></prefer></alias>`;
}
