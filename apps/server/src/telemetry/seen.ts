/** The headers by which a caller hands its trace on. */
export type TraceHeaders = Readonly<Partial<Record<"traceparent" | "tracestate", string>>>;

/** A procedure's call, as it is seen from outside. */
export interface Seen<Result> {
  readonly path: string;
  readonly traceHeaders: TraceHeaders;
  readonly run: () => Promise<Result>;
  /** What the result stands for: `OK`, or an error's code. */
  readonly codeOf: (result: Result) => string;
  /** As codeOf, of what `run` rejects with. */
  readonly codeOfFailure: (error: unknown) => string;
}
