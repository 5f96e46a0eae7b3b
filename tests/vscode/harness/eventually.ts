/** Waiting for a condition instead of for a time. */
import { setTimeout as delay } from "node:timers/promises";

/**
 * What `attempt` returns, once it no longer throws. For assertions about something that becomes true by itself.
 * @throws The last failure, when `milliseconds` have passed.
 */
export async function eventually<T>(attempt: () => T | Promise<T>, milliseconds = 15_000): Promise<T> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(50);
  }
}
