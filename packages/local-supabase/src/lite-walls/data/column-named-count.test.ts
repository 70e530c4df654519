import { expect, test } from "vitest";
import { sharedProject } from "../../testing/project.ts";

const sql = `
create table public.places (id int primary key);
create table public.visits (place int references public.places (id), count int not null, primary key (place));
insert into public.places values (1), (2);
insert into public.visits values (1, 70), (2, 80);
grant select, insert, update on public.places, public.visits to service_role;
`;

test("a column named count is read as a column: plain, renamed, cast, embedded, and in what a write answers", async () => {
  await using project = await sharedProject(sql);
  const answers = async (path: string, init = {}): Promise<unknown> =>
    (await project.request(`/rest/v1/${path}`, init)).json();
  expect(await answers("visits?select=place,count&order=place")).toEqual([
    { place: 1, count: 70 },
    { place: 2, count: 80 },
  ]);
  expect(await answers("visits?select=n:count,count::text&place=eq.1")).toEqual([{ n: 70, count: "70" }]);
  expect(await answers("places?select=id,visits(count)&id=eq.1")).toEqual([{ id: 1, visits: { count: 70 } }]);
  expect(await answers("places?select=id,all:visits(n:count)&id=eq.1")).toEqual([{ id: 1, all: { n: 70 } }]);
  const { data } = await project.service.from("visits").update({ count: 90 }).gt("place", 0).select("place,count");
  expect(data?.toSorted((a, b) => a.place - b.place)).toEqual([
    { place: 1, count: 90 },
    { place: 2, count: 90 },
  ]);
  // where there is no such column, it is the number of rows, as before
  expect(await answers("places?select=count")).toEqual([{ count: 2 }]);
});
