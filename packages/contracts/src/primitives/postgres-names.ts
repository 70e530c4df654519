const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/**
 * Words that Postgres takes for no table or column without quotes: `pg_get_keywords()`, catcode R and T, PostgreSQL 17.
 */
export const postgresReservedWords = words(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
  column concurrently constraint create cross current_catalog current_date current_role current_schema
  current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for
  foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral
  leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps
  placing primary references returning right select session_user similar some symmetric system_user table
  tablesample then to trailing true union unique user using variadic verbose when where window with`,
);

/** Keywords that `quote_ident` puts in quotes although a table or column may have them bare: catcode C. */
export const postgresQuotedWords = words(
  `between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int
  integer interval json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
  json_serialize json_table json_value least merge_action national nchar none normalize nullif numeric out overlay
  position precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes
  xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`,
);

/** Schemas that belong to Postgres, to Supabase or to their extensions. */
export const reservedSchemas = words(
  `auth cron extensions graphql graphql_public information_schema net pg_catalog pg_toast pgbouncer pgmq pgsodium
  pgsodium_masks pgtle realtime storage supabase_functions supabase_migrations vault`,
);

/** Waybill's own tables and views in `public`. */
export const waybillTables = words(
  `supabase_clients database_operations authentication_contexts data_models data_model_versions model_migrations
  own_operations`,
);

/** System columns of every Postgres table, which no table may declare again. */
export const postgresSystemColumns = words("cmax cmin ctid tableoid xmax xmin");

/** Names that the Data API takes for parameters of its own where a filter on a column would stand. */
export const dataApiParameters = words("and columns limit not offset on_conflict or order select");
