import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { failedWith, reasonOf } from "../ledger-errors.ts";
import type { Log } from "../../log.ts";
import { Heartbeats, otherProject, type Project, registeredIn } from "./process-lock.ts";
import { type ProcessDirectory, removeDirectory, UNFINISHED } from "./process-directory.ts";
import { recoverJournal } from "./recovery.ts";
import { type ReadableSegment, RowReader } from "./row-reader.ts";
import type { SyncFile, SyncPolicy } from "./disk-sync.ts";
import type { WriteFile } from "./segments.ts";

/** A dead process's journal in the hands of this one. */
export interface AdoptedJournal {
  readonly name: string;
  readonly reader: RowReader;
  /** Rows that are not in the database yet. */
  pending: number;
  /** The clients that its rows name, and those of them that are known to have had their row in the database. */
  readonly clients: ReadonlySet<string>;
  readonly registered: ReadonlySet<string>;
}

export interface AdoptionOptions {
  readonly journalDir: string;
  readonly own: () => ProcessDirectory;
  readonly project: Project;
  readonly write: WriteFile;
  readonly fsync: SyncPolicy;
  readonly syncFile: SyncFile;
  readonly staleMs: number;
  readonly log: Log;
}

const NAME = /^([0-9a-f-]{36})(?:~([0-9a-f-]{36}))?$/;

/**
 * Takes over the journals of dead processes. A directory belongs to who can rename it to `<its name>~<own name>`: the
 * file system lets exactly one do so. When that one dies too, its own directory is dead and both can be taken again.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  readonly #heartbeats: Heartbeats;
  readonly #journals = new Map<string, AdoptedJournal>();
  readonly #troubled = new Set<string>();
  #bytes = 0;
  #looking: Promise<void> | undefined;
  damaged = 0;
  unknown = 0;

  constructor(options: AdoptionOptions) {
    this.#options = options;
    this.#heartbeats = new Heartbeats(options.staleMs);
  }

  get journals(): readonly AdoptedJournal[] {
    return [...this.#journals.values()];
  }

  /** Asked for at every operation, so it is counted and not summed. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Looks for dead processes' journals, takes them and makes them ready to be flushed. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => {
        this.#options.log("warn", "Journals of earlier processes could not be looked through; tried again later", {
          reason: reasonOf(error),
        });
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  /** Lets go of what is not flushed: it lies there for the next process. */
  async close(): Promise<void> {
    await this.#looking;
    for (const journal of this.#journals.values()) await journal.reader.close();
    this.#journals.clear();
    this.#bytes = 0;
  }

  /** Every row of it is in the database. */
  async finish(journal: AdoptedJournal): Promise<void> {
    await journal.reader.close();
    this.#journals.delete(journal.name);
    removeDirectory(join(this.#options.journalDir, journal.name));
  }

  async #look(): Promise<void> {
    const names = new Set(readdirSync(this.#options.journalDir));
    this.#heartbeats.keepOnly(names);
    for (const name of names) {
      try {
        const claimed = this.#claim(name);
        if (claimed !== undefined && !this.#journals.has(claimed)) await this.#recover(claimed);
        this.#troubled.delete(name);
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  /** Once a directory: it is tried again at every look. */
  #report(name: string, error: unknown): void {
    if (this.#troubled.has(name)) return;
    this.#troubled.add(name);
    this.#options.log("error", "The journal of an earlier process could not be taken over; tried again later", {
      directory: join(this.#options.journalDir, name),
      reason: reasonOf(error),
    });
  }

  /** The name under which the directory is ours now, or undefined. */
  #claim(name: string): string | undefined {
    const { journalDir, own } = this.#options;
    const ownId = own().id;
    const path = join(journalDir, name);
    if (name.startsWith(UNFINISHED)) {
      if (this.#heartbeats.isDead(name, path)) removeDirectory(path);
      return undefined;
    }
    const match = NAME.exec(name);
    if (match === null || name === ownId) return undefined;
    const [, original = "", owner] = match;
    if (owner === ownId) return name;
    const judged = owner ?? original;
    const home = join(journalDir, judged);
    // Who adopted keeps a directory of its own for as long as it lives.
    const isFree = owner !== undefined && !existsSync(home);
    if (!isFree && !this.#heartbeats.isDead(judged, home)) return undefined;
    const other = otherProject(path, this.#options.project);
    if (other !== undefined) {
      throw new Error(`its records belong into ${other}: start Waybill for that project once, or remove the directory`);
    }
    return this.#rename(path, `${original}~${ownId}`);
  }

  #rename(path: string, name: string): string | undefined {
    try {
      renameSync(path, join(this.#options.journalDir, name));
      return name;
    } catch (error) {
      // Another process was faster.
      if (failedWith(error, "ENOENT", "ENOTEMPTY", "EEXIST", "EPERM")) return undefined;
      throw error;
    }
  }

  async #recover(name: string): Promise<void> {
    const { journalDir, write, fsync, syncFile, log } = this.#options;
    const sync = fsync === "never" ? undefined : syncFile;
    const directory = join(journalDir, name);
    const original = name.slice(0, 36);
    const damagedFile = join(journalDir, `${original}.damaged`);
    const found = await recoverJournal({ directory, write, sync, damagedFile });
    this.damaged += found.damaged;
    this.unknown += found.unknown;
    if (found.damaged > 0) {
      log(
        "error",
        "Parts of an earlier process's journal are damaged; what is whole was recovered, the rest kept aside",
        {
          damaged: found.damaged,
          file: damagedFile,
        },
      );
    }
    if (found.rows > 0 || found.unknown > 0) {
      log("info", "Took over the journal of an earlier process", {
        process: original,
        rows: found.rows,
        outcome_unknown: found.unknown,
      });
    }
    this.#journals.set(name, this.#adopted(name, directory, found));
  }

  #adopted(
    name: string,
    directory: string,
    found: { segments: ReadableSegment[]; clients: Set<string>; rows: number },
  ): AdoptedJournal {
    for (const { rows } of found.segments) this.#bytes += rows.bytes;
    return {
      name,
      pending: found.rows,
      clients: found.clients,
      registered: registeredIn(directory),
      reader: new RowReader({
        segments: () => found.segments,
        // They were kept aside when the journal was recovered.
        damaged: () => {},
        drained: (segment) => {
          const at = found.segments.findIndex(({ number }) => number === segment.number);
          found.segments.splice(at, 1);
          this.#bytes -= segment.rows.bytes;
          removeDirectory(segment.rows.path);
        },
      }),
    };
  }
}
