import { decryptSecret, encryptSecret, type EncryptionKeys, keyPlace } from "../secrets.ts";
import { openTokens, sealTokens } from "../stores/session-tokens.ts";
import { type JobCalls, RESEALED_A_STEP, type Resealing } from "./job-calls.ts";

export type ResealCalls = Pick<
  JobCalls,
  "sessionsSealedOtherwise" | "clientsSealedOtherwise" | "resealSessions" | "resealClients"
>;

export interface Resealed {
  readonly sessions: number;
  readonly clients: number;
  /** Left as they were: no key that is known opens them. */
  readonly unreadable: number;
}

/**
 * Brings all secrets at rest under the current key, in small steps and each only where the row still has what was read:
 * a refresh that comes between has sealed its own, and keeps it.
 *
 * @param goOn asked before each step
 */
export async function reseal(calls: ResealCalls, keys: EncryptionKeys, goOn: () => boolean): Promise<Resealed> {
  const sessions = await resealTable({
    goOn,
    read: (after) => calls.sessionsSealedOtherwise(keys.currentId, after),
    keyOf: ({ session_id }) => session_id,
    seal: (row) => ({ ...row, ...sealTokens(keys, row.session_id, openTokens(keys, row)) }),
    write: (changes) => calls.resealSessions(changes),
  });
  const clients = await resealTable({
    goOn,
    read: (after) => calls.clientsSealedOtherwise(keys.currentId, after),
    keyOf: ({ client_id }) => client_id,
    seal(row) {
      const place = keyPlace(row.client_id);
      return { ...row, supabase_key: encryptSecret(keys, decryptSecret(keys, row.supabase_key, place), place) };
    },
    write: (changes) => calls.resealClients(changes),
  });
  return { sessions: sessions.done, clients: clients.done, unreadable: sessions.unreadable + clients.unreadable };
}

interface Table<Row> {
  readonly goOn: () => boolean;
  readonly read: (after: string | null) => Promise<readonly Row[]>;
  readonly keyOf: (row: Row) => string;
  /** Throws for a row that no key opens. */
  readonly seal: (row: Row) => Row;
  readonly write: (changes: readonly Resealing<Row>[]) => Promise<number>;
}

async function resealTable<Row>({ goOn, read, keyOf, seal, write }: Table<Row>) {
  let after: string | null = null;
  let done = 0;
  let unreadable = 0;
  while (goOn()) {
    const rows: readonly Row[] = await read(after);
    const changes = rows.flatMap((before) => {
      try {
        return [{ before, after: seal(before) }];
      } catch {
        unreadable += 1;
        return [];
      }
    });
    if (changes.length > 0) done += await write(changes);
    const last = rows.at(-1);
    if (last === undefined || rows.length < RESEALED_A_STEP) break;
    after = keyOf(last);
  }
  return { done, unreadable };
}
