/** A name as SQL text, always in quotes. */
export function quoteIdent(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** `"public"."flights"`: how this room and pg-delta write a table everywhere. */
export function tableName(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** The same for people: `public.flights`. */
export function plainName(quoted: string): string {
  return quoted.replaceAll(/"([a-z_][a-z0-9_]*)"/g, "$1");
}

/** A body in dollar quotes that it cannot end. */
export function dollarQuote(body: string): string {
  let tag = "$waybill$";
  for (let n = 1; body.includes(tag); n++) tag = `$waybill${n}$`;
  return `${tag}${body}${tag}`;
}
