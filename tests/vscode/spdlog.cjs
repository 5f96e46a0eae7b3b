/**
 * What VS Code needs of @vscode/spdlog, without the compiled part that `npm install --ignore-scripts` leaves out.
 * install.mjs puts it in that package's place: otherwise VS Code writes no log files and shows no output channels.
 * No rotation, and every line is written at once: right for a session, not for a server.
 */
const { appendFileSync, mkdirSync } = require("node:fs");
const { dirname } = require("node:path");

const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];

class Logger {
  #path;
  #level = LEVELS.indexOf("info");
  #formatted = true;

  constructor(_type, _name, path) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
  }

  trace = (message) => this.#write(0, message);
  debug = (message) => this.#write(1, message);
  info = (message) => this.#write(2, message);
  warn = (message) => this.#write(3, message);
  error = (message) => this.#write(4, message);
  critical = (message) => this.#write(5, message);

  getLevel() {
    return this.#level;
  }
  setLevel(level) {
    this.#level = level;
  }
  /** VS Code has one pattern: date, time, level in brackets. */
  setPattern() {
    this.#formatted = true;
  }
  clearFormatters() {
    this.#formatted = false;
  }
  flush() {}
  drop() {}

  #write(level, message) {
    if (level < this.#level) return;
    const time = new Date().toISOString().replace("T", " ").replace("Z", "");
    appendFileSync(this.#path, this.#formatted ? `${time} [${LEVELS[level]}] ${message}\n` : message);
  }
}

exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = async (name, path) => new Logger("rotating", name, path);
exports.createAsyncRotatingLogger = async (name, path) => new Logger("rotating_async", name, path);
