import { generateTypescript, sortGeneratorMetadata } from "@supabase/postgrest-typegen/generation";
import { introspect } from "@supabase/postgrest-typegen/introspection";
import postgres from "postgres";

/**
 * The `Database` type of a database's public schema, as `supabase gen types typescript` writes it: the same engine.
 *
 * @param dbUrl of a database that holds the migrations and nothing else
 */
export async function renderTypes(dbUrl: string): Promise<string> {
  const sql = postgres(dbUrl, { max: 1, connect_timeout: 10, onnotice: () => undefined });
  try {
    const metadata = await introspect(
      { query: async (text) => ({ rows: await sql.unsafe(text) }) },
      { includedSchemas: ["public"] },
    );
    return await generateTypescript(sortGeneratorMetadata(metadata), { detectOneToOneRelationships: true });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
