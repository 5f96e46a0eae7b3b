import { RESTART } from "./failure";
import {
  CHOOSE_KEY,
  CLOSE_IMPORT,
  COPY_TABLE,
  EXPORT,
  FETCH_HISTORY,
  FORGET_ADMIN_KEY,
  IMPORT,
  OPEN_KEYS_PAGE,
  OPEN_SETTINGS,
  READ_DAYS,
  REFRESH,
  SET_ADMIN_KEY,
  SHOW,
  SHOW_LOG,
} from "./protocol";

/** What the server's views may have a click do. Nothing else of VS Code's many commands can be reached from there. */
export const OWN_COMMANDS: ReadonlySet<string> = new Set([
  SHOW,
  REFRESH,
  FETCH_HISTORY,
  READ_DAYS,
  CHOOSE_KEY,
  SET_ADMIN_KEY,
  FORGET_ADMIN_KEY,
  OPEN_KEYS_PAGE,
  SHOW_LOG,
  OPEN_SETTINGS,
  EXPORT,
  IMPORT,
  CLOSE_IMPORT,
  COPY_TABLE,
  RESTART,
]);
