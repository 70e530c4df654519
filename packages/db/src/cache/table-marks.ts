import { identifierParts, reservedSchemas } from "@waybill/contracts";
import type { OperationClass } from "../client/classify/operation-class.ts";

/** What is known of the writes to one table. */
interface Mark {
  /** Grows with every write: an answer that was read under another number is not given any more. */
  generation: number;
  /** Writes under way. */
  writing: number;
  /** A write whose outcome is unknown may still take effect until then (monotonic ms). */
  doubtfulUntil: number;
}

/** What an answer stands on: it holds while {@link TableMarks.stampOf} gives the same number. */
export type Marks = readonly Mark[];

/** As long as Postgres may go on with a statement whose sender is gone: the default deadline of an operation. */
const DOUBT_MS = 60_000;

/**
 * Tells whether what was read of a table still holds. Only the tables that the options name are counted, so that names
 * which callers make up take no memory.
 */
export class TableMarks {
  readonly #byName: ReadonlyMap<string, Mark>;
  /** Of every write to any table: for answers that other tables are embedded in. */
  readonly #any = newMark();
  readonly #now: () => number;

  /** @param now monotonic ms */
  constructor(names: Iterable<string>, now: () => number) {
    this.#byName = new Map(Array.from(names, (name) => [name, newMark()]));
    this.#now = now;
  }

  /** @param embeds whether rows of other tables come along */
  of(names: readonly string[], embeds: boolean): Marks {
    const marks = names.flatMap((name) => this.#byName.get(name) ?? []);
    return embeds ? [...marks, this.#any] : marks;
  }

  /** Null while a write is under way, or may be: nothing that is read now can be relied on. */
  stampOf(marks: Marks): number | null {
    const now = this.#now();
    if (marks.some(({ writing, doubtfulUntil }) => writing > 0 || now < doubtfulUntil)) return null;
    return marks.reduce((sum, { generation }) => sum + generation, 0);
  }

  /**
   * A write is about to leave; the returned function says that it has ended, and whether what it did is known. Undefined
   * for a call that writes nothing.
   */
  begin(
    kind: Pick<OperationClass, "service" | "operation_type" | "table_name">,
  ): ((isKnown: boolean) => void) | undefined {
    const marks = this.#changedBy(kind);
    if (marks.length === 0) return undefined;
    for (const mark of marks) {
      mark.generation += 1;
      mark.writing += 1;
    }
    return (isKnown) => {
      for (const mark of marks) {
        mark.writing -= 1;
        if (!isKnown) mark.doubtfulUntil = this.#now() + DOUBT_MS;
      }
    };
  }

  /** The table has changed by another way. */
  changed(table: string): void {
    for (const mark of this.#ofTable(tableKey(table))) mark.generation += 1;
  }

  #changedBy({ service, operation_type, table_name }: Parameters<TableMarks["begin"]>[0]): Marks {
    if (operation_type === "read") return [];
    switch (service) {
      case "rest":
        return this.#ofTable(tableKey(table_name));
      case "auth":
      case "storage":
        return this.of([tableKey(table_name)], false);
      case "realtime":
        return [];
      case "rpc":
      case "functions":
      case "graphql":
      case "other":
        break;
    }
    return [...this.#byName.values(), this.#any];
  }

  #ofTable(name: string): Marks {
    return this.of([name], true);
  }
}

function newMark(): Mark {
  return { generation: 0, writing: 0, doubtfulUntil: 0 };
}

/**
 * The name under which writes to a table are counted. Without its schema, since which one the Data API takes where none
 * is asked for is the project's setting; with it in the schemas of Supabase, which the Data API does not serve.
 */
export function tableKey(tableName: string): string {
  const [first, second] = identifierParts(tableName) ?? [tableName];
  if (second === undefined) return first;
  return reservedSchemas.has(first) ? `${first}.${second}` : second;
}
