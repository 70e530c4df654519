import type { LiteConnection } from "../../lite.ts";

export type Introspection = Awaited<ReturnType<LiteConnection["introspect"]>>;

const exposed = new WeakMap<Introspection, Map<string, Introspection>>();

/**
 * The schema as PostgREST knows it for a request: that of its profile, and no other. lite resolves an embedded table by
 * its bare name over all of them, and takes `auth.users` or `private.users` for `public.users`.
 *
 * @param profile what the request names; without it, the database's default
 */
export function exposedSchema(introspection: Introspection, profile: string | undefined): Introspection {
  const exposedName = profile ?? introspection.default_schema ?? "public";
  const known = exposed.get(introspection) ?? new Map<string, Introspection>();
  exposed.set(introspection, known);
  const made = known.get(exposedName) ?? onlySchema(introspection, exposedName);
  // A caller may name what it likes; only a schema that exists is worth remembering.
  if (made.tables.length > 0) known.set(exposedName, made);
  return made;
}

function onlySchema(introspection: Introspection, name: string): Introspection {
  const visible = <T extends { schema: string }>(objects: T[]): T[] => objects.filter(({ schema }) => schema === name);
  return {
    ...introspection,
    tables: visible(introspection.tables),
    columns: visible(introspection.columns),
    indexes: visible(introspection.indexes),
    foreign_keys: visible(introspection.foreign_keys).filter(({ fk_def }) => referencedSchema(fk_def) === name),
    primary_keys: visible(introspection.primary_keys),
    views: visible(introspection.views),
    check_constraints: visible(introspection.check_constraints),
    unique_constraints: visible(introspection.unique_constraints),
    comments: visible(introspection.comments),
    triggers: visible(introspection.triggers),
  };
}

/** lite reads the schema that a key refers to and drops it; the constraint's text names it unless it is `public`. */
function referencedSchema(constraint: string): string {
  const [, plain, quoted] = / REFERENCES (?:([\w$]+)|"((?:[^"]|"")+)")\./.exec(constraint) ?? [];
  return plain ?? quoted?.replaceAll('""', '"') ?? "public";
}
