import postgres from "postgres";

/** The database itself, past every policy: to look at what calls left behind. */
export function openSql(dbUrl: string) {
  return postgres(dbUrl, { max: 1, onnotice: () => {} });
}
export type Sql = ReturnType<typeof openSql>;
