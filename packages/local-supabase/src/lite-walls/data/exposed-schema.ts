import type { LiteConnection } from "../../lite.ts";

export type Introspection = Awaited<ReturnType<LiteConnection["introspect"]>>;

const systemSchemas = new Set([
  "auth",
  "cron",
  "extensions",
  "graphql",
  "information_schema",
  "net",
  "pgsodium",
  "realtime",
  "storage",
  "supabase_functions",
  "supabase_migrations",
  "vault",
]);

const exposed = new WeakMap<Introspection, Introspection>();

/**
 * The schema as PostgREST knows it: exposed schemas only. lite resolves an embedded table by its bare name
 * over all of them, and takes `auth.users` for `public.users`.
 */
export function exposedSchema(introspection: Introspection): Introspection {
  const known = exposed.get(introspection);
  if (known) return known;
  const visible = <T extends { schema: string }>(objects: T[]): T[] =>
    objects.filter(({ schema }) => !systemSchemas.has(schema));
  const result: Introspection = {
    ...introspection,
    tables: visible(introspection.tables),
    columns: visible(introspection.columns),
    indexes: visible(introspection.indexes),
    foreign_keys: visible(introspection.foreign_keys).filter(
      ({ fk_def }) => !systemSchemas.has(referencedSchema(fk_def)),
    ),
    primary_keys: visible(introspection.primary_keys),
    views: visible(introspection.views),
    check_constraints: visible(introspection.check_constraints),
    unique_constraints: visible(introspection.unique_constraints),
    comments: visible(introspection.comments),
    triggers: visible(introspection.triggers),
  };
  exposed.set(introspection, result);
  return result;
}

/** lite reads the schema that a key refers to and drops it; the constraint's text names it unless it is `public`. */
function referencedSchema(constraint: string): string {
  return / REFERENCES "?([a-z_]+)"?\./.exec(constraint)?.[1] ?? "public";
}
