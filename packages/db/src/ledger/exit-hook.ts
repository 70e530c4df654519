const hooks = new Set<() => void>();
let isInstalled = false;

/**
 * Runs `hook` when the process exits by itself or by `process.exit`; returns how to take it back.
 * One listener for all, so that many ledgers in one process do not look like a leak.
 */
export function onExit(hook: () => void): () => void {
  if (!isInstalled) {
    isInstalled = true;
    process.on("exit", () => {
      for (const one of hooks) one();
    });
  }
  hooks.add(hook);
  return () => {
    hooks.delete(hook);
  };
}
