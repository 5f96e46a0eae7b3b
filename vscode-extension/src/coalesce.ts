/**
 * Keeps a task from running twice at once: whoever asks while it runs shares one more run that follows.
 *
 * @returns What to call; it settles with the run that began after the call.
 */
export function coalesced(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;

  const start = (): Promise<void> => {
    const run = task().finally(() => {
      if (running === run) running = undefined;
    });
    running = run;
    return run;
  };

  return () => {
    if (waiting !== undefined) return waiting;
    if (running === undefined) return start();
    const next = (): Promise<void> => {
      waiting = undefined;
      return start();
    };
    waiting = running.then(next, next);
    return waiting;
  };
}
