import { expect, it } from "vitest";
import { z } from "zod";
import { appRouter } from "./app-router.ts";
import { grants, grantSchema } from "./trpc/permissions.ts";

const permissionSchema = z.enum(["anybody", "session holder", "signed in", ...grantSchema.options]);
const definitionSchema = z.object({
  type: z.enum(["query", "mutation", "subscription"]),
  meta: z.object({ permission: permissionSchema, seesAll: grantSchema.optional() }),
});
const routerSchema = z.object({ procedures: z.record(z.string(), z.unknown()) });

const procedures = Object.entries(routerSchema.parse(Reflect.get(appRouter, "_def")).procedures).map(
  ([path, procedure]) => ({
    path,
    definition: z.object({ _def: z.unknown() }).parse({ _def: Reflect.get(Object(procedure), "_def") })._def,
  }),
);

it.each(procedures)("$path says who may call it", ({ definition }) => {
  expect(definitionSchema.safeParse(definition).error).toBeUndefined();
});

/** HTTP routes beside tRPC, whose handlers check by themselves. */
const routes = [
  ["`GET /operations/export`", "route", "signed in", "`operations.read`"],
  ["`GET /health`, `GET /ready`", "route", "anybody", ""],
  ["`GET /metrics`", "route", "this machine, or `WAYBILL_METRICS_TOKEN`", ""],
];

it("docs/permissions.md lists all of them", async () => {
  const named = (permission: string): string => (permission in grants ? `\`${permission}\`` : permission);
  const rows = procedures
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, definition }) => {
      const { type, meta } = definitionSchema.parse(definition);
      return [`\`${path}\``, type, named(meta.permission), meta.seesAll === undefined ? "" : named(meta.seesAll)];
    });
  const page = `# Permissions

Made from the procedures themselves by a test; \`npx vitest run -u src/permissions-table.test.ts\` in \`apps/server\` makes it anew.

Every signed-in user may do what needs no permission, under its own row-level security. The permissions below are in a
user's \`app_metadata.permissions\`, which only the secret key can write; \`app_metadata.roles\` with \`admin\` in it stands for
all of them. Whoever holds a session may end it, and refresh it even when it has expired.

${table([["permission", "lets somebody"], ...Object.entries(grants).map(([name, text]) => [`\`${name}\``, text])])}
## Who may call what

${table([["procedure", "kind", "who may call", "reaches what is others' with"], ...rows, ...routes])}`;
  await expect(page).toMatchFileSnapshot("../../../docs/permissions.md");
});

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |\n`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("");
}
