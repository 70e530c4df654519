import { randomBytes } from "node:crypto";
import type { DataFilter } from "@waybill/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusalOf } from "../../../testing/refusal.ts";
import { openSql, type Sql } from "../../../testing/sql.ts";
import { type Stack, stackOn } from "../../../testing/stack-on.ts";
import { openStage, type Person, type Stage } from "../../../testing/stage.ts";

// authors write books, books have many tags by way of book_tags, and may have a second author
const models = ["inc_authors", "inc_books", "inc_tags", "inc_book_tags"] as const;
const [authors, books, tags, bookTags] = models;
const id = { type: "integer" };

type ListInput = Parameters<Person["api"]["data"]["list"]["query"]>[0];
type Definition = Parameters<Person["api"]["models"]["create"]["mutate"]>[0];

describe.each(["pglite", "native"] as const)("include on %s", (engine) => {
  const opened = new AsyncDisposableStack();
  let stack: Stack;
  let stage: Stage;
  let sql: Sql;
  let admin: Person;
  let ada: Person;
  let eve: Person;

  beforeAll(async () => {
    stack = await stackOn(engine, opened);
    sql = openSql(stack.dbUrl);
    stage = opened.use(await openStage({ stack }));
    admin = await stage.newAdmin();
    [ada, eve] = await Promise.all([stage.newUser(), stage.newUser()]);
    await sql.unsafe(`
      create table public.${authors} (id integer primary key, name text, secret text default 'of the table alone');
      create table public.${books} (
        id integer primary key, title text, pages integer, hidden_from uuid,
        author_id integer references public.${authors} (id), second_id integer references public.${authors} (id));
      create table public.${tags} (id integer primary key, word text);
      create table public.${bookTags} (
        book_id integer references public.${books} (id), tag_id integer references public.${tags} (id),
        primary key (book_id, tag_id));
      insert into public.${authors} (id, name) values (1, 'Ann'), (2, 'Bob'), (3, 'Cyd');
      insert into public.${books} values
        (10, 'Ten', 100, null, 1, 2), (11, 'Eleven', 200, null, 1, null), (12, 'Twelve', 300, '${eve.userId}', 1, null),
        (20, 'a,b.(c)', 50, null, 2, 1);
      insert into public.${tags} values (1, 'red'), (2, 'blue'), (3, 'green');
      insert into public.${bookTags} values (10, 1), (10, 2), (10, 3), (11, 2), (20, 3)`);
    for (const table of models) {
      const seen = table === books ? "hidden_from is distinct from (select auth.uid())" : "true";
      await sql.unsafe(`
        alter table public.${table} enable row level security;
        create policy seen on public.${table} for select to authenticated using (${seen});
        grant select on public.${table} to authenticated`);
    }
    await sql.unsafe(`notify pgrst, 'reload schema'`);
    opened.defer(async () => {
      await sql.unsafe(
        `drop table ${[...models]
          .toReversed()
          .map((table) => `public.${table}`)
          .join(", ")}`,
      );
      await sql.end();
    });
    const text = { type: ["string", "null"] };
    const number = { type: ["integer", "null"] };
    const model = (name: string, fields: Definition["fields"]["properties"], key?: string[]) => ({
      model_name: name,
      table_name: name,
      schema_version: "1.0.0",
      fields: { type: "object" as const, properties: fields, ...(key ? { "x-primary-key": key } : {}) },
    });
    const create = (definition: Definition) => admin.api.models.create.mutate(definition);
    // in one go: each names another one
    await create(model(tags, { id, word: text }));
    await create({ ...model(authors, { id, name: text }) });
    await create({
      ...model(books, { id, title: text, pages: number, author_id: number, second_id: number }),
      relationships: [
        { name: "author", kind: "many-to-one", model: authors, columns: ["author_id"] },
        { name: "second", kind: "many-to-one", model: authors, columns: ["second_id"] },
        { name: "odd", kind: "many-to-one", model: authors, columns: ["pages"] },
      ],
    });
    await create({
      ...model(bookTags, { book_id: id, tag_id: id }, ["book_id", "tag_id"]),
      relationships: [{ name: "tag", kind: "many-to-one", model: tags, columns: ["tag_id"] }],
    });
    const tagged = { kind: "many-to-many", through: bookTags } as const;
    await admin.api.models.update.mutate({
      model_name: books,
      expected_version: "1.0.0",
      changes: {
        schema_version: "1.1.0",
        relationships: [
          { name: "author", kind: "many-to-one", model: authors, columns: ["author_id"] },
          { name: "second", kind: "many-to-one", model: authors, columns: ["second_id"] },
          { name: "odd", kind: "many-to-one", model: authors, columns: ["pages"] },
          { name: "tags", ...tagged, model: tags, columns: ["book_id"], target_columns: ["tag_id"] },
        ],
      },
    });
    await admin.api.models.update.mutate({
      model_name: tags,
      expected_version: "1.0.0",
      changes: {
        schema_version: "1.1.0",
        relationships: [{ name: "books", ...tagged, model: books, columns: ["tag_id"], target_columns: ["book_id"] }],
      },
    });
    await admin.api.models.update.mutate({
      model_name: authors,
      expected_version: "1.0.0",
      changes: {
        schema_version: "1.1.0",
        relationships: [
          { name: "books", kind: "one-to-many", model: books, columns: ["author_id"] },
          { name: "seconds", kind: "one-to-many", model: books, columns: ["second_id"] },
        ],
      },
    });
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  it("brings the one row that a row refers to, by the right one of two keys, with the model's columns alone", async () => {
    const { rows } = await ada.api.data.list.query({
      model: books,
      columns: ["title"],
      include: { author: {}, second: { columns: ["name"] } },
    });
    expect(rows).toEqual([
      { title: "Ten", author: { id: 1, name: "Ann" }, second: { name: "Bob" } },
      { title: "Eleven", author: { id: 1, name: "Ann" }, second: null },
      { title: "Twelve", author: { id: 1, name: "Ann" }, second: null },
      { title: "a,b.(c)", author: { id: 2, name: "Bob" }, second: { name: "Ann" } },
    ]);
  });

  it("brings the rows that refer to a row: filtered, ordered, limited, each row's own", async () => {
    const { rows } = await ada.api.data.list.query({
      model: authors,
      columns: ["id"],
      include: {
        books: { columns: ["title"], order: [{ column: "pages", direction: "desc" }], limit: 2 },
        seconds: { columns: ["id"], where: { or: [{ column: "title", op: "eq", value: "a,b.(c)" }] } },
      },
    });
    expect(rows).toEqual([
      { id: 1, books: [{ title: "Twelve" }, { title: "Eleven" }], seconds: [{ id: 20 }] },
      { id: 2, books: [{ title: "a,b.(c)" }], seconds: [] },
      { id: 3, books: [], seconds: [] },
    ]);
    const filters: DataFilter[] = [{ column: "title", op: "in", value: ["a,b.(c)", "Ten"] }];
    const found = await ada.api.data.list.query({ model: authors, columns: ["id"], include: { books: { filters } } });
    expect(found.rows.map(({ books }) => (Array.isArray(books) ? books.length : -1))).toEqual([1, 1, 0]);
  });

  it("brings rows by way of a table in the middle, which does not show", async () => {
    const include = {
      tags: {
        columns: ["word"],
        order: [{ column: "word" }],
        where: { not: { column: "word", op: "eq" as const, value: "green" } },
      },
    };
    const { rows } = await ada.api.data.list.query({ model: books, columns: ["id"], include });
    expect(rows).toEqual([
      { id: 10, tags: [{ word: "blue" }, { word: "red" }] },
      { id: 11, tags: [{ word: "blue" }] },
      { id: 12, tags: [] },
      { id: 20, tags: [] },
    ]);
    const first = { tags: { ...include.tags, limit: 1 } };
    const one = await ada.api.data.get.query({ model: books, key: { id: 10 }, include: first });
    expect(one["tags"]).toEqual([{ word: "blue" }]);
  });

  it("goes three levels deep, each under the caller's own policies", async () => {
    const include = {
      books: {
        columns: ["id"],
        include: { tags: { columns: ["word"], include: { books: { columns: ["id"], limit: 3 } } } },
      },
    };
    const get = (api: Person["api"]) => api.data.get.query({ model: authors, key: { id: 1 }, include });
    const blue = { word: "blue", books: [{ id: 10 }, { id: 11 }] };
    const shown = {
      id: 1,
      name: "Ann",
      books: [
        {
          id: 10,
          tags: [{ word: "red", books: [{ id: 10 }] }, blue, { word: "green", books: [{ id: 10 }, { id: 20 }] }],
        },
        { id: 11, tags: [blue] },
      ],
    };
    expect(await get(ada.api)).toEqual({ ...shown, books: [...shown.books, { id: 12, tags: [] }] });
    expect(await get(eve.api)).toEqual(shown);
  });

  it.each<[string, string, string, ListInput["include"]]>([
    ["include.editor", "relationship", books, { editor: {} }],
    ["include.author.columns.0", "unknown_column", books, { author: { columns: ["secret"] } }],
    [
      "include.author.where.or.0.column",
      "unknown_column",
      books,
      { author: { where: { or: [{ column: "x", op: "eq", value: 1 }] } } },
    ],
    ["include.author.limit", "relationship", books, { author: { limit: 1 } }],
    [
      "include.books.include.tags.order.0.column",
      "unknown_column",
      authors,
      { books: { include: { tags: { order: [{ column: "x" }] } } } },
    ],
    ["include.odd", "foreign_key", books, { odd: {} }],
    ["include", "too_many", authors, { books: { limit: 100, include: { tags: { limit: 100 } } } }],
  ])("names %s and the rule %s before a row is read", async (field, rule, model, include) => {
    const call = stage.client(ada.sessionToken).data.list.query({ model, include });
    const refused = await refusalOf(call);
    expect(refused).toMatchObject({ httpStatus: 400, issues: [{ field, rule }] });
  });

  it("refuses a related model that is out of use, by the relationship's name", async () => {
    const model_name = `inc_gone_${randomBytes(4).toString("hex")}`;
    const fields = { type: "object" as const, required: ["id"], properties: { id } };
    await admin.api.models.create.mutate({ model_name, table_name: model_name, schema_version: "1.0.0", fields });
    const parent = `${model_name}_parent`;
    const relationships = [{ name: "gone", kind: "many-to-one" as const, model: model_name, columns: ["id"] }];
    await admin.api.models.create.mutate({
      model_name: parent,
      table_name: parent,
      schema_version: "1.0.0",
      fields,
      relationships,
    });
    await admin.api.models.deprecate.mutate({ model_name });
    const refused = await refusalOf(ada.api.data.list.query({ model: parent, include: { gone: {} } }));
    expect(refused).toMatchObject({ code: "MODEL_INACTIVE", issues: [{ field: "include.gone" }] });
  });

  it("counts the rows that the caller can see, with and without conditions", async () => {
    const where = {
      or: [
        { column: "pages", op: "gte" as const, value: 200 },
        { column: "title", op: "like" as const, value: "a,b%" },
      ],
    };
    expect(await ada.api.data.count.query({ model: books })).toEqual({ count: 4 });
    expect(await eve.api.data.count.query({ model: books })).toEqual({ count: 3 });
    expect(await ada.api.data.count.query({ model: books, where })).toEqual({ count: 3 });
    const filters = [{ column: "author_id", op: "eq" as const, value: 1 }];
    expect(await ada.api.data.count.query({ model: books, where, filters })).toEqual({ count: 2 });
    const page = await ada.api.data.list.query({ model: books, where, limit: 1, count: "exact", columns: ["id"] });
    expect(page).toMatchObject({ rows: [{ id: 11 }], count: 3 });
    const next = await ada.api.data.list.query({
      model: books,
      where,
      limit: 1,
      cursor: page.next_cursor ?? "",
      count: "exact",
    });
    expect(next).toMatchObject({ rows: [{ id: 12 }], count: 3 });
    expect(await ada.api.data.list.query({ model: books, count: "none" })).not.toHaveProperty("count");
  });
});
