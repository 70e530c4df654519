/** A text as an SQL literal. `standard_conforming_strings` is on in every Supabase project, so a backslash is itself. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
