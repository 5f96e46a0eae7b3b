/**
 * `npm test`: installs what is missing, then runs the tests under the Node that they and VS Code need.
 * Arguments go to `node --test`: `npm test -- --test-name-pattern=period`.
 */
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { install } from "./install.mjs";

const { node } = await install({ browser: true }).catch((error) => {
  console.error(error.message); // what to do is in it; a stack trace would hide that
  process.exit(1);
});
const tests = spawn(
  node,
  [
    "--test",
    "--test-isolation=none", // one process, one browser; one VS Code after the other: two cores carry no more
    "--test-global-setup=setup.mjs",
    "--test-force-exit", // a CI job that hangs tells less than one that fails
    "--test-reporter=spec",
    ...process.argv.slice(2),
    "tests/*.test.ts",
  ],
  { cwd: dirname(fileURLToPath(import.meta.url)), stdio: "inherit" },
);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"]))
  process.on(signal, () => tests.kill(signal));
tests.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
