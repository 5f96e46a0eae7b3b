/** Brings the tools in: the project's Python environment and this package's dependencies. At once done when all is there. */
import { join } from "node:path";
import { EXTENSION, findPython, fingerprint, npm, once, ROOT, run, VENV_PYTHON } from "./tools.mjs";

const QUIET_PIP = { PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1" };

/** `.venv` with everything in tests/requirements.txt and the server itself, editable. */
export async function setUpPython() {
  const lock = join(ROOT, "tests", "requirements.txt");
  const key = await fingerprint([lock, join(ROOT, "pyproject.toml")]);
  await once(join(ROOT, ".venv", ".installed"), key, async () => {
    if (!(await hasPip())) await run([...(await findPython()), "-m", "venv", "--clear", join(ROOT, ".venv")]);
    await pip("--require-hashes", "-r", lock);
    // The build backend is one of the locked packages: pip need not, and shall not, fetch another one.
    await pip("--no-deps", "--no-build-isolation", "--editable", ROOT);
  });
}

/** The packages of package-lock.json. None of their install scripts is needed, so none runs. */
export async function setUpNode() {
  const key = await fingerprint([join(EXTENSION, "package-lock.json")], process.platform, process.arch);
  await once(join(EXTENSION, "node_modules", ".installed"), key, () =>
    npm(["ci", "--ignore-scripts"], EXTENSION),
  );
}

async function hasPip() {
  return run([VENV_PYTHON, "-m", "pip", "--version"]).then(
    () => true,
    () => false,
  );
}

function pip(...args) {
  return run([VENV_PYTHON, "-m", "pip", "install", "--quiet", ...args], { env: QUIET_PIP });
}
