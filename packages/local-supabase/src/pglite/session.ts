import type { PgliteDriver } from "../lite.ts";
import type { SessionLock } from "../lite-walls/session/lock.ts";
import * as wire from "./wire-protocol.ts";

export interface SharedSessionOptions {
  readonly driver: PgliteDriver;
  readonly lock: SessionLock;
  readonly lowOnSpace: () => boolean;
}

let lastNumber = 0;

const readOnly = "default_transaction_read_only";

const noRows = "send COPY … FROM STDIN alone, as a simple query";

/** Settings that a client may carry from its startup message; the rest of them are the connection's business. */
const notSettings = new Set(["user", "database", "replication", "options"]);

/**
 * One client's share of PGlite's only session: it has the session from the first message of a transaction to
 * its end, and takes its settings with it in between. Temporary tables end with the transaction, as they would
 * behind a transaction pooler; prepared statements live as long as the connection.
 */
export class SharedSession implements AsyncDisposable {
  readonly #options: SharedSessionOptions;
  readonly #prefix = `c${++lastNumber}_`;
  readonly #statements = new Set<string>();
  #settings: Map<string, string>;
  #copy: wire.Frame | undefined;
  #listens = false;
  /** After an error everything up to the client's Sync is skipped, as the protocol asks. */
  #skipsToSync = false;
  #settingsChanged = false;
  #readsOnly = false;
  #release: (() => void) | undefined;

  constructor(options: SharedSessionOptions, startup: ReadonlyMap<string, string>) {
    this.#options = options;
    this.#settings = new Map([...startup].filter(([name]) => !notSettings.has(name)));
  }

  /** Whether everybody else waits for this client. */
  get holding(): boolean {
    return this.#release !== undefined;
  }

  /** Runs messages that end where the client waits for an answer, and returns the answer. */
  async run(batch: readonly wire.Frame[]): Promise<Buffer> {
    if (this.#skipsToSync) return this.#skip(batch);
    const [first] = batch;
    if (first && batch.length === 1 && wire.asksForRows(first)) {
      // PGlite cannot wait for rows in the middle of a statement: it gets them together with it.
      this.#copy = first;
      return wire.copyInResponse();
    }
    const copy = this.#copy;
    this.#copy = undefined;
    if (!this.#release) await this.#begin();
    const messages = copy
      ? [copy.bytes, ...batch.map(({ bytes }) => bytes)]
      : batch.flatMap((frame) => this.#toEngine(frame));
    const answer = await this.#options.driver.execProtocolRaw(Buffer.concat(messages));
    const frames = wire.splitFrames(Buffer.from(answer));
    return this.#read(copy ? frames.filter(({ type }) => type !== "G") : frames, batch.at(-1)?.type !== "H");
  }

  async #skip(batch: readonly wire.Frame[]): Promise<Buffer> {
    if (batch.at(-1)?.type !== "S") return Buffer.alloc(0);
    this.#skipsToSync = false;
    const answer = await this.#options.driver.execProtocolRaw(wire.syncMessage());
    return this.#read(wire.splitFrames(Buffer.from(answer)), true);
  }

  #toEngine(frame: wire.Frame): Buffer[] {
    const name = frame.type === "P" ? wire.parsedStatementName(frame) : "";
    if (name !== "") this.#statements.add(this.#prefix + name);
    const prefixed = wire.withStatementPrefix(frame, this.#prefix);
    // A COPY FROM STDIN hidden in it would find no rows, take that for the end of the client, and end Postgres.
    return frame.type === "Q" || frame.type === "E" ? [prefixed, wire.copyFail(noRows)] : [prefixed];
  }

  /**
   * PGlite says that it is ready after every error, and again after the Sync that follows. A client that has sent more
   * already would take each answer after that for another query's: only what ends the batch is answered with one.
   */
  async #read(frames: readonly wire.Frame[], endsWithReady: boolean): Promise<Buffer> {
    const toClient: Buffer[] = [];
    let ready: wire.Frame | undefined;
    for (const frame of frames) {
      if (frame.type === "C") this.#observeCommand(wire.commandTagOf(frame));
      if (frame.type === "E") this.#skipsToSync = !endsWithReady;
      if (frame.type === "Z") ready = frame;
      else if (frame.type !== "A" || this.#listens) toClient.push(frame.bytes);
    }
    if (ready && endsWithReady) {
      if (wire.transactionStatusOf(ready) === "I") await this.#end();
      toClient.push(ready.bytes);
    }
    return Buffer.concat(toClient);
  }

  #observeCommand(tag: string): void {
    if (tag === "SET" || tag === "RESET" || tag.startsWith("DISCARD")) this.#settingsChanged = true;
    if (tag === "LISTEN") this.#listens = true;
  }

  async #begin(): Promise<void> {
    const { driver, lock, lowOnSpace } = this.#options;
    this.#release = await lock.acquire();
    // Goes with the turn; the client's own settings come after it.
    this.#readsOnly = lowOnSpace();
    if (this.#readsOnly) await driver.exec(`set ${readOnly} = on`);
    for (const [name, value] of this.#settings) {
      await driver.query("select set_config($1, $2, false)", [name, value]).catch(() => this.#settings.delete(name));
    }
  }

  async #end(): Promise<void> {
    const { driver } = this.#options;
    try {
      if (this.#settingsChanged) await this.#keepSettings();
      this.#settingsChanged = false;
      // Whatever the client set, a role above all, must not be there for the next one. (PGlite knows no user to RESET to.)
      await driver.exec("set session authorization postgres; reset role; reset all; discard temp; listen pgrst");
    } finally {
      this.#release?.();
      this.#release = undefined;
    }
  }

  async #keepSettings(): Promise<void> {
    const ownReadOnly = this.#settings.get(readOnly);
    this.#settings = await readSettings(this.#options.driver);
    if (this.#readsOnly && ownReadOnly === undefined) this.#settings.delete(readOnly);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { driver } = this.#options;
    if (!this.#release && this.#statements.size === 0) return;
    this.#release ??= await this.#options.lock.acquire();
    await driver.execProtocolRaw(wire.syncMessage());
    if (driver.isInTransaction()) await driver.exec("rollback");
    for (const name of this.#statements)
      await driver.exec(`deallocate "${name.replaceAll('"', '""')}"`).catch(() => {});
    await this.#end();
  }
}

async function readSettings(driver: PgliteDriver): Promise<Map<string, string>> {
  const { rows } = await driver.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where source = 'session'
     union all select 'role', current_setting('role') where current_setting('role') <> 'none'`,
  );
  return new Map(rows.map(({ name, setting }) => [name, setting]));
}
