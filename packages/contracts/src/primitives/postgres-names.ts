const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/**
 * Every keyword that `quote_ident` puts in quotes: all but the unreserved ones of `pg_get_keywords()`, PostgreSQL 17.
 * A model's table or column may have none of these names, or its SQL would need quotes everywhere.
 */
export const postgresReservedWords = words(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog
  current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
  desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
  grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
  json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
  lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize not
  notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision primary real
  references returning right row select session_user setof similar smallint some substring symmetric system_user table
  tablesample then time timestamp to trailing treat trim true union unique user using values varchar variadic verbose
  when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
  xmlserialize xmltable`,
);

/** Schemas that belong to Postgres, to Supabase or to their extensions. */
export const reservedSchemas = words(
  `auth cron extensions graphql graphql_public information_schema net pg_catalog pg_toast pgbouncer pgmq pgsodium
  pgsodium_masks pgtle realtime storage supabase_functions supabase_migrations vault`,
);

/** Waybill's own tables and views in `public`. */
export const waybillTables = words(
  "supabase_clients database_operations authentication_contexts data_models data_model_versions own_operations",
);

/** System columns of every Postgres table, which no table may declare again. */
export const postgresSystemColumns = words("cmax cmin ctid tableoid xmax xmin");
