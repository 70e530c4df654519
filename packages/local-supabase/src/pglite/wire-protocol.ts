/**
 * The part of PostgreSQL's wire protocol (version 3) that lets clients in and tells whose turn it is; what the
 * messages between mean stays with the engine. See "Message Formats" in the PostgreSQL manual.
 */

/** One message of either direction: a type letter, a length, a body. */
export interface Frame {
  /** The letter, such as `Q`. */
  readonly type: string;
  /** The whole message, its letter and length included. */
  readonly bytes: Buffer;
}

/** No message is longer: PGlite has to hold it in WebAssembly's memory. */
export const maxFrameBytes = 64 * 1024 * 1024;

const protocolVersion3 = 196_608;
const sslRequest = 80_877_103;
const gssRequest = 80_877_104;

/** Takes the first whole message off `buffer`; undefined while it is not whole yet. */
export function takeFrame(buffer: Buffer): { frame: Frame; rest: Buffer } | undefined {
  const length = frameLength(buffer);
  if (buffer.length < length) return undefined;
  return {
    frame: { type: String.fromCharCode(buffer.readUInt8(0)), bytes: buffer.subarray(0, length) },
    rest: buffer.subarray(length),
  };
}

/** How many bytes the first message takes; of one whose head is not whole, those of a head. */
export const frameLength = (buffer: Buffer): number =>
  buffer.length < 5 ? 5 : checkedLength(buffer.readInt32BE(1)) + 1;

/** Splits an engine's answer, which is always whole messages. */
export function splitFrames(buffer: Buffer): Frame[] {
  const frames: Frame[] = [];
  let taken = takeFrame(buffer);
  while (taken) {
    frames.push(taken.frame);
    taken = takeFrame(taken.rest);
  }
  return frames;
}

/** What a client says first, before messages have a letter. */
export type Opening =
  | { kind: "encryption" }
  | { kind: "startup"; parameters: Map<string, string> }
  /** A request to cancel, or another version of the protocol. */
  | { kind: "other" };

export function takeOpening(buffer: Buffer): { opening: Opening; rest: Buffer } | undefined {
  if (buffer.length < 8) return undefined;
  const length = checkedLength(buffer.readInt32BE(0));
  if (length < 8 || length > 10_000) throw new Error("the first message is no start of the PostgreSQL protocol");
  if (buffer.length < length) return undefined;
  const code = buffer.readInt32BE(4);
  const rest = buffer.subarray(length);
  if (code === sslRequest || code === gssRequest) return { opening: { kind: "encryption" }, rest };
  if (code !== protocolVersion3) return { opening: { kind: "other" }, rest };
  const words = buffer.toString("utf8", 8, length).split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < words.length && words[index] !== ""; index += 2) {
    parameters.set(words[index] ?? "", words[index + 1] ?? "");
  }
  return { opening: { kind: "startup", parameters }, rest };
}

function checkedLength(length: number): number {
  if (length < 4 || length > maxFrameBytes) throw new Error(`a message of ${length} bytes is refused`);
  return length;
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const zeroEnded = (...words: string[]): Buffer => Buffer.from(words.map((word) => `${word}\0`).join(""), "utf8");
const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const askForPassword = (): Buffer => message("R", integer(3));
export const authenticationOk = (): Buffer => message("R", integer(0));
export const parameterStatus = (name: string, value: string): Buffer => message("S", zeroEnded(name, value));
export const readyForQuery = (): Buffer => message("Z", Buffer.from("I"));
/** Tells a client to send the rows of its COPY; of no columns, since nobody knows them yet and clients do not ask. */
export const copyInResponse = (): Buffer => message("G", Buffer.from([0, 0, 0]));
/** Ends a COPY that waits for rows; anywhere else the server ignores it. */
export const copyFail = (reason: string): Buffer => message("f", zeroEnded(reason));
export const syncMessage = (): Buffer => message("S", Buffer.alloc(0));
/** An ErrorResponse after which the connection ends. */
export const fatal = (code: string, text: string): Buffer =>
  message("E", zeroEnded("SFATAL", "VFATAL", `C${code}`, `M${text}`, ""));

/** Whether a simple query is one COPY … FROM STDIN, whose rows follow in messages of their own. */
export const asksForRows = ({ type, bytes }: Frame): boolean =>
  type === "Q" && /^\s*copy\s.+\sfrom\s+stdin\b/is.test(bytes.toString("utf8", 5, Math.min(bytes.length, 10_000)));

/** The text of a password message. */
export const passwordOf = (frame: Frame): string => frame.bytes.toString("utf8", 5, frame.bytes.length - 1);

/** The command tag of a CommandComplete, such as `CREATE TABLE`. */
export const commandTagOf = (frame: Frame): string => frame.bytes.toString("latin1", 5, frame.bytes.length - 1);

/** `I`dle, in a `T`ransaction, or in one that `E`rred. */
export const transactionStatusOf = (frame: Frame): string => frame.bytes.toString("latin1", 5, 6);

/**
 * Puts `prefix` before the name of a prepared statement, if the message has one: connections that share a
 * session choose the same names.
 */
export function withStatementPrefix({ type, bytes }: Frame, prefix: string): Buffer {
  const at = statementNameAt(type, bytes);
  if (at === undefined || bytes[at] === 0) return bytes;
  const body = Buffer.concat([bytes.subarray(5, at), Buffer.from(prefix), bytes.subarray(at)]);
  return message(type, body);
}

/** The name that a Parse message gives to its statement; empty for the unnamed one. */
export const parsedStatementName = ({ bytes }: Frame): string => bytes.toString("utf8", 5, bytes.indexOf(0, 5));

function statementNameAt(type: string, bytes: Buffer): number | undefined {
  switch (type) {
    case "P":
      return 5;
    case "B": // the portal's name comes first
      return bytes.indexOf(0, 5) + 1;
    case "D":
    case "C":
      return bytes[5] === 0x53 ? 6 : undefined;
    default:
      return undefined;
  }
}
