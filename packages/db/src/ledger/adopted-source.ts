import type { FlushSource } from "./flush/flusher.ts";
import type { AdoptedJournal } from "./journal/adoption.ts";
import { clientTextOf, withClient } from "./row.ts";

/**
 * The names under which an adopted journal's operations are stored, or undefined while that cannot be said.
 *
 * A client that had its row keeps its name: should the row be gone, it was removed, and its operations go with it. A
 * client that never had one (its process died before it reached the database) has nothing to refer to: its operations
 * are kept under this process's client of the same type.
 */
export function namesFor(
  journal: AdoptedJournal,
  registered: ReadonlySet<string>,
): ReadonlyMap<string, string> | undefined {
  const names = new Map<string, string>();
  for (const client of journal.clients) {
    if (registered.has(client) || journal.registered.has(client)) continue;
    const heir = [...registered].find((own) => typeOf(own) === typeOf(client));
    if (heir === undefined) return undefined;
    names.set(JSON.stringify(client), heir);
  }
  return names;
}

/** Reads an adopted journal under these names. */
export function adoptedSource(journal: AdoptedJournal, names: ReadonlyMap<string, string>): FlushSource {
  const rename = (row: Buffer): Buffer => {
    const heir = names.get(clientTextOf(row));
    return heir === undefined ? row : withClient(row, heir);
  };
  return {
    async next(maxBytes) {
      const batch = await journal.reader.next(maxBytes);
      if (batch === undefined) return undefined;
      return {
        rows: names.size === 0 ? batch.rows : batch.rows.map(rename),
        bytes: batch.bytes,
        acknowledge() {
          batch.acknowledge();
          journal.pending -= batch.rows.length;
        },
      };
    },
  };
}

/** `<instance>/<client_type>` (decisions.md "Columns that the relationships need"). */
function typeOf(clientId: string): string {
  return clientId.slice(clientId.lastIndexOf("/") + 1);
}
