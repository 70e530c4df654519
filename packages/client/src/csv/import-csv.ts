import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { JsonValue, ModelDefinition } from "@waybill/contracts";
import { CsvError, parse } from "csv-parse";
import { z } from "zod";
import type { WaybillClient } from "../create-client.ts";
import { waybillErrorOf } from "../waybill-error.ts";
import { cellReader, type ReadCell } from "./cell-values.ts";
import { CsvImportError } from "./import-error.ts";

export interface ImportCsvOptions {
  /** The line to begin with, as an earlier import's error tells it. */
  readonly from?: number;
  /** The run of an earlier import's error, whose rows may stand: they are not written twice. `size` must be the same. */
  readonly run?: string;
  /** Rows a call, all or none; 1 to 1000, by default 500. */
  readonly size?: number;
  /** Hears how many rows stand, after each call. */
  readonly onImported?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/** Bytes of the rows of one call, unless one alone is longer: well below the largest body that a server takes by default. */
const batchBytes = 600_000;
/** Bytes of one record; a quote that nobody closes makes one of the whole file. */
const recordBytes = 1_048_576;
const tries = 3;
/** Answers that leave open whether the rows stand. */
const openCodes: ReadonlySet<string> = new Set(["OPERATION_TIMEOUT", "OUTCOME_UNKNOWN", "INTERNAL"]);

const recordSchema = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) });

interface Line {
  readonly line: number;
  readonly row: Record<string, JsonValue>;
}

/**
 * Creates a row of the model for each record of a CSV file (RFC 4180, UTF-8) whose first line names columns. Cells are
 * read as their columns' types; an empty cell is no value, but for a required text. The file is streamed. A call whose
 * answer is lost is made again and never writes twice.
 *
 * @returns how many rows were created
 * @throws CsvImportError for the first line that cannot be read or that the server refuses
 *
 * @example
 * await importCsv(waybill, towns, createReadStream("towns.csv"));
 */
export async function importCsv(
  waybill: Pick<WaybillClient, "data">,
  model: ModelDefinition,
  source: string | AsyncIterable<string | Uint8Array>,
  { from = 2, run = crypto.randomUUID(), size = 500, onImported, signal }: ImportCsvOptions = {},
): Promise<number> {
  const progress: Progress = { imported: 0, from, run };
  let batch: Line[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    signal?.throwIfAborted();
    await create(waybill, model.model_name, batch, `${run}-${progress.from}`, progress, signal);
    progress.imported += batch.length;
    progress.from = (batch.at(-1)?.line ?? 0) + 1;
    onImported?.(progress.imported);
    batch = [];
    bytes = 0;
  };

  let columns: readonly Column[] | undefined;
  for await (const { record, line } of recordsOf(source, progress)) {
    if (columns === undefined) {
      columns = headerOf(model, record, line, progress);
      progress.from = Math.max(from, line + 1);
      continue;
    }
    if (line < from) continue;
    const row = rowOf(columns, record, line, progress);
    const length = Buffer.byteLength(JSON.stringify(row));
    if (bytes + length > batchBytes) await send();
    batch.push({ line, row });
    bytes += length;
    if (batch.length >= size) await send();
  }
  await send();
  return progress.imported;
}

interface Progress {
  imported: number;
  from: number;
  readonly run: string;
}

async function* recordsOf(source: string | AsyncIterable<string | Uint8Array>, progress: Progress) {
  const parser = parse({ bom: true, info: true, max_record_size: recordBytes, skip_empty_lines: true });
  const feeding = pipeline(Readable.from(typeof source === "string" ? [source] : source), parser);
  // the parser throws the same to its reader
  feeding.catch(() => undefined);
  try {
    for await (const read of parser) {
      const { record, info } = recordSchema.parse(read);
      yield { record, line: info.lines };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error["lines"] === "number" ? error["lines"] : progress.from;
    throw new CsvImportError({ ...progress, message: error.message, line, cause: error });
  } finally {
    parser.destroy();
  }
}

interface Column {
  readonly name: string;
  readonly read: ReadCell;
}

function headerOf(model: ModelDefinition, names: readonly string[], line: number, progress: Progress): Column[] {
  return names.map((name, index) => {
    const read = cellReader(model, name);
    const known = Object.keys(model.fields.properties).join(", ");
    if (read === null) {
      const message = `${JSON.stringify(name.slice(0, 63))} is no column of ${model.model_name}, which has ${known}`;
      throw new CsvImportError({ ...progress, message, line });
    }
    if (names.indexOf(name) !== index) {
      throw new CsvImportError({ ...progress, message: `the column ${name} stands there twice`, line });
    }
    return { name, read };
  });
}

function rowOf(columns: readonly Column[], record: readonly string[], line: number, progress: Progress): Line["row"] {
  const row: Line["row"] = {};
  for (const [index, { name, read }] of columns.entries()) {
    const cell = read(record[index] ?? "");
    if ("fault" in cell) throw new CsvImportError({ ...progress, message: `${name} ${cell.fault}`, line });
    if (cell.value !== undefined) row[name] = cell.value;
  }
  return row;
}

async function create(
  { data }: Pick<WaybillClient, "data">,
  model: string,
  batch: readonly Line[],
  idempotency_key: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rows = batch.map(({ row }) => row);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await data.createMany.mutate({ model, rows, idempotency_key }, signal === undefined ? {} : { signal });
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const refusal = waybillErrorOf(error);
      // no answer: whether the rows stand is known to the server alone, which the key asks
      if (refusal === undefined && attempt < tries) continue;
      throw refusedRow(error, batch, progress);
    }
  }
}

/** `rows.3.people` is the fourth row of the batch. */
function refusedRow(cause: unknown, batch: readonly Line[], progress: Progress): CsvImportError {
  const refusal = waybillErrorOf(cause);
  const [issue] = refusal?.issues ?? [];
  const [, index, column] = /^rows\.(\d+)(?:\.(.*))?$/.exec(issue?.field ?? "") ?? [];
  const line = batch[Number(index ?? 0)]?.line ?? progress.from;
  const said = issue === undefined ? String(cause instanceof Error ? cause.message : cause) : issue.message;
  const message = column === undefined || column === "" ? said : `${column} ${said}`;
  const inDoubt = refusal === undefined || openCodes.has(refusal.code);
  return new CsvImportError({ ...progress, message, line, inDoubt, cause, refusal });
}
