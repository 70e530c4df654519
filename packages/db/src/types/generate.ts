import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { start } from "@waybill/local-supabase";
import { renderTypes } from "./render-types.ts";

/** `pnpm gen:types`: writes `src/database.types.ts` from the migrations, by a stack that holds nothing else. */
await using stack = await start({ seed: false });
await writeFile(join(import.meta.dirname, "..", "database.types.ts"), await renderTypes(stack.dbUrl));
